// A pcapng file, parsed: sections, interfaces, names, packets with their
// comments. Other blocks and options are passed over.
//
//   ASSIGN_OR_RETURN(std::string bytes, ReadWholeFile(path));
//   ASSIGN_OR_RETURN(PcapngFile file, ParsePcapng(path, bytes));
//
// Any bytes are safe to parse; of what is read nothing is trusted.
//
// Errors: DataLoss, with the file's name and where in it: "x.pcapng: offset 96:
// a block of 4096 bytes, but only 12 are left".
#ifndef PLUMB_TESTING_CAPTURE_PCAPNG_READER_H_
#define PLUMB_TESTING_CAPTURE_PCAPNG_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "testing/capture/pcapng.h"
#include "transport/ip_addr.h"

namespace plumb {

struct PcapngInterface {
  std::string name;
  std::string description;
  uint16_t link_type = 0;
};

struct PcapngPacket {
  size_t offset = 0;     // of its block in the file
  size_t interface = 0;  // in PcapngFile::interfaces
  int64_t time = 0;      // nanoseconds since 1970
  PacketDirection direction = PacketDirection::kUnknown;
  uint32_t original_size = 0;
  absl::string_view data;
  std::string comment;  // several are joined with "; "
};

// Points into what it was parsed from.
struct PcapngFile {
  std::string comment;  // of the section header
  std::vector<PcapngInterface> interfaces;
  std::vector<std::pair<IpAddr, std::string>> names;
  std::vector<PcapngPacket> packets;
};

// `name` is for errors.
absl::StatusOr<PcapngFile> ParsePcapng(absl::string_view name,
                                       absl::string_view bytes);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_PCAPNG_READER_H_
