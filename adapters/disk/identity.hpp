// The small file that ties a volume to the cluster record, as text with a checksum in its last
// line:
//
//     quorate-identity 1
//     lineage 6f1c7e52-0f7e-4f0e-9d43-0c2a51a3c5d1
//     epoch 3
//     ordinal 2
//     nonce 1d2f00aa4c
//     data-seen yes
//     high-water-term 4
//     high-water-index 1073
//     checksum 0a1b2c3d
//
// The checksum is CRC-32C of all bytes before its line. Lines of unknown names are passed over, so
// that a later version may add some; a first line of another number is another format.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/disk.hpp"

namespace quorate::disk {

// Nine lines of at most 64 bytes; and the record's copy, at most nine entries of 2 KiB as they are
// admitted (the addresses of nine members, and 20 fields with their names).
constexpr std::size_t identity_size_max = 65'536;

// A lineage is 1 to 64 letters, digits and dashes (a UUID).
bool valid_lineage(const Lineage& lineage);

std::string identity_text(const VolumeIdentity& identity);

// Nothing when damaged.
std::optional<VolumeIdentity> parse_identity(std::string_view text);

}  // namespace quorate::disk
