// A certificate authority in a directory, for clusters on one machine: the CA, a certificate for
// etcd's peer and client ports, and one for clients. A directory is complete or it is not there;
// one that is damaged is refused and never overwritten, since running members trust what it holds.
//
//     ca.crt ca.key        10 years
//     peer.crt peer.key    a year; server and client at once, for both ports of etcd
//     client.crt client.key    a year; client only
//     agent-N.crt agent-N.key  a year; server and client at once, of replica N's agent alone
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "core/base/instant.hpp"

namespace quorate::local {

// Makes the directory, or checks the one that is there. Certificates past two thirds of their life,
// and a peer certificate that lacks one of `names`, are issued anew for the same keys; whoever read
// the old ones goes on until they expire. Safe to repeat, also after a crash at any point.
// `names`: DNS names and addresses the members are reached at. `now`: the system's clock when
// absent.
Result<void> ensure_pki(const std::filesystem::path& dir, const std::vector<std::string>& names,
                        std::optional<Instant> now = std::nullopt);

// The same two certificates in a directory where somebody put ca.crt and ca.key: made when they are
// missing, else checked and renewed.
Result<void> ensure_etcd_certificates(const std::filesystem::path& dir,
                                      const std::vector<std::string>& names,
                                      std::optional<Instant> now = std::nullopt);

// One more certificate of the authority that is there, FILE.crt and FILE.key, for one name that it
// alone holds. Made when it is missing, else checked and renewed as the others are. Callers take
// turns.
Result<void> ensure_certificate(const std::filesystem::path& dir, const std::string& file,
                                const std::string& name, std::optional<Instant> now = std::nullopt);

// When it expires, on the wall. Refused: there is none, or it is none.
Result<Instant> end_of_certificate(const std::filesystem::path& file);

}  // namespace quorate::local
