// The cluster's certificate authority as a Secret that all agents share; each issues its own
// certificates from it, so that none has to be handed out and a renewal waits for nobody.
//
//     secrets NAME-etcd-certs    data."ca.crt", data."ca.key"
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapters/kube/client.hpp"
#include "adapters/kube/store.hpp"

namespace quorate::kube {

Resource authority_secret_of(const Names& names);

// Puts ca.crt and ca.key into `dir`. The first agent of a cluster makes them; of several that make
// some at once the first to tell the API wins. A directory that has them needs no API server: it is
// only asked whether it says the same, and silence is no objection (L8). Refused when the Secret is
// of another authority than this directory: members could not talk to each other.
Result<void> ensure_authority(const Client& client, const Names& names,
                              const std::filesystem::path& dir, Span deadline = seconds(5));

}  // namespace quorate::kube
