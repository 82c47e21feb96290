// What Go's net.Pipe costs there and back between two goroutines, as
// stream_benchmark's ThereAndBack.
//
//	GOMAXPROCS=1 go run pipe.go SIZE
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"time"
)

func echo(conn net.Conn, size int) {
	buffer := make([]byte, size)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("pipe: needs a size")
	}
	size, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	near, far := net.Pipe()
	go echo(far, size)
	buffer := make([]byte, size)
	start := time.Now()
	rounds := 0
	for ; rounds%1000 != 0 || time.Since(start) < 500*time.Millisecond; rounds++ {
		if _, err := near.Write(buffer); err != nil {
			log.Fatal(err)
		}
		if _, err := io.ReadFull(near, buffer); err != nil {
			log.Fatal(err)
		}
	}
	elapsed := time.Since(start)
	fmt.Printf("cost=%d\n", elapsed.Nanoseconds()/int64(rounds))
}
