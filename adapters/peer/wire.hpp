// Between a letter and its message, and what server and client have in common. Inner header of
// adapters/peer.
#pragma once

#include <adapters/peer/peers.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "adapters/peer/files.hpp"
#include "adapters/peer/letter.hpp"
#include "adapters/peer/trust.hpp"
#include "adapters/peer/verifier.hpp"
#include "core/base/instant.hpp"

namespace quorate::peer {

namespace pb = ::quorate::peer::v1;

// Nine replicas take less than 1 KB; what is larger is none of ours.
inline constexpr int letter_size_max = 64 << 10;

pb::Letter to_wire(const Letter& letter);
// nullopt: a replica that cannot be, or one told of twice.
std::optional<Letter> from_wire(const pb::Letter& message);

// It bounds waiting and never becomes data.
gpr_timespec deadline_after(Span span);

struct Pem {
    std::string ca;
    std::string cert;
    std::string key;
};
// Refused in words when they would not be believed at the other end: it hangs up without any.
Result<Pem> read(const Files& files, End end);
Result<std::string> read_file(const std::filesystem::path& path);

// Names of a certificate, for a person.
std::string listed(const std::vector<std::string>& names);
std::string in_words(const Distrust& distrusted, const Shown& shown);

}  // namespace quorate::peer
