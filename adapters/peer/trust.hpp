// Whether a certificate is one of this cluster: signed by its authority, made for this end of a
// connection, and valid now. It says nothing of whose it is. OpenSSL judges; what is here gives its
// answer words, which a failed handshake of gRPC does not have. Inner header of adapters/peer.
#pragma once

#include <optional>
#include <string>

#include "adapters/peer/letter.hpp"

namespace quorate::peer {

enum class End { client, server };

struct Distrust {
    Doubt doubt;
    std::string cause;
};

// `chain`: the certificate, then whatever leads from it to the authority. `authority`: one or more
// certificates, all of them trusted. nullopt: believed.
std::optional<Distrust> distrust(const std::string& chain, const std::string& authority, End end);

// They do not while one of two files is renewed.
bool belong_together(const std::string& chain, const std::string& key);

}  // namespace quorate::peer
