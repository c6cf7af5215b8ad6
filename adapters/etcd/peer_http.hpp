// One HTTP exchange with a member's peer port, which answers on learners and without quorum (etcd
// facts 3.2). It wants the client certificate of a peer when it speaks TLS.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "adapters/etcd/errors.hpp"
#include "adapters/etcd/tls.hpp"
#include "adapters/etcd/url.hpp"
#include "core/base/ids.hpp"
#include "core/base/instant.hpp"

namespace quorate::etcd {

struct PeerRequest {
    std::string target;    // "/members/hashkv"
    std::string body;      // JSON
    ClusterId cluster_id;  // sent along; 0: not known, anybody may answer
};

struct PeerReply {
    unsigned status = 0;
    std::string body;
    ClusterId cluster_id;  // as the member said; 0: it did not say
};

// Blocks until the reply is complete or `deadline` has passed. Only a name that has to be looked
// up may take longer, as long as the system's resolver does.
Answer<PeerReply> peer_get(const Url& url, const std::optional<Tls>& tls,
                           const PeerRequest& request, Span deadline);

}  // namespace quorate::etcd
