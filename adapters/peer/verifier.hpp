// Judges who is at the other end of a connection, while the connection is made: gRPC proves that it
// holds the key of the certificate it shows, and leaves the certificate to us. Inner header of
// adapters/peer.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_verifier.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quorate::peer {

struct Shown {
    std::string chain;
    std::vector<std::string> names;
};

// `judge` answers why it is not believed, nullopt: it is. Called on gRPC's threads, several at
// once, for as long as anything holds the verifier.
std::shared_ptr<grpc::experimental::CertificateVerifier> verifier(
    std::function<std::optional<std::string>(const Shown&)> judge);

}  // namespace quorate::peer
