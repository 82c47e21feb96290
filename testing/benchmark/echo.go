// The same in Go: one goroutine for each connection, and one for all datagrams.
//
//	go run echo.go tcp ADDRESS | unix PATH | udp ADDRESS [BUFFER]
package main

import (
	"log"
	"net"
	"os"
	"strconv"
)

func echo(conn net.Conn, size int) {
	defer conn.Close()
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

func echoDatagrams(address string, size int) {
	at, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		log.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", at)
	if err != nil {
		log.Fatal(err)
	}
	buffer := make([]byte, size)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			log.Fatal(err)
		}
		conn.WriteToUDPAddrPort(buffer[:n], from)
	}
}

func main() {
	size := 16384
	if len(os.Args) == 4 {
		size, _ = strconv.Atoi(os.Args[3])
	}
	if len(os.Args) < 3 || size < 1 {
		log.Fatal("echo: needs a network, an address and perhaps a buffer's size")
	}
	if os.Args[1] == "udp" {
		echoDatagrams(os.Args[2], size)
	}
	listener, err := net.Listen(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go echo(conn, size)
	}
}
