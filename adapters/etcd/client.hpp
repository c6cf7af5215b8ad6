// One member of etcd, asked through its client port (gRPC) and its peer port (HTTP). Every call
// blocks until it is answered or its deadline has passed, and says which of three things happened:
// the payload, a definite refusal, or that nobody knows. It retries nothing. A Client may be used
// from several threads at once.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "adapters/etcd/alarm.hpp"
#include "adapters/etcd/errors.hpp"
#include "adapters/etcd/tls.hpp"
#include "core/base/ids.hpp"
#include "core/base/instant.hpp"
#include "core/model/members.hpp"
#include "core/model/outcome.hpp"

namespace quorate::etcd {

struct Endpoint {
    std::string client_url;
    std::string peer_url;  // empty: only peer_hash is impossible
    // Not empty: the number at which the client URL's host is, whatever DNS says. It must prove to
    // be that host all the same, so this is for TLS alone.
    std::string address = {};
};

struct Added {
    ListedMember member;
    MemberList list;  // as the change left it; what a joiner's arguments are made from
    bool operator==(const Added&) const = default;
};

class Client {
  public:
    // Refused: a malformed URL, https without `tls`, unreadable files. Nothing is connected yet.
    // Certificates are read again when their files changed and whenever a connection could not be
    // made, so renewal is seen.
    static Result<std::unique_ptr<Client>> create(Endpoint endpoint, std::optional<Tls> tls);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // `answers` and `serves` are false when that part was not answered in time; never fails. The
    // alarms are the cluster's, as this member knows them, whoever raised them.
    MemberStatus status(Span deadline);

    // As this member knows them (no quorum needed); what `disarm` wants to be told.
    Answer<std::vector<Alarm>> alarms(Span deadline);

    // Linearizable means that a linearizable read through this member succeeded before its list
    // was read: 3.4 has no linearizable list, but a member answers such a read only after it has
    // applied everything committed before, member changes included.
    Answer<MemberList> members(Freshness freshness, Span deadline);

    Answer<Added> add_learner(const std::string& peer_url, Span deadline);
    Answer<Done> promote(MemberId member, Span deadline);
    Answer<Done> remove(MemberId member, Span deadline);
    Answer<Done> move_leader(MemberId to, Span deadline);  // asks the leader; else not_leader

    Answer<Done> disarm(MemberId member, AlarmKind kind, Span deadline);
    Answer<Done> compact(Revision at, Span deadline);  // returns when the pages are free
    Answer<Done> defragment(Span deadline);            // blocks the member wholly

    // HashKV at a revision; 0: now. The client port answers on voters only.
    Answer<ContentHash> hash(Revision at, Span deadline);
    // The same over the peer port, which answers on learners and without quorum. `cluster_id` 0:
    // not known; another cluster is wrong_cluster. The peer port does not name the member it
    // speaks for: member_id stays 0. (3.4 with its default logger drops the connection where it
    // has to refuse: Unknown. It gives its reasons when started with --logger=zap.)
    Answer<ContentHash> peer_hash(Revision at, ClusterId cluster_id, Span deadline);

    Answer<Revision> put(const std::string& key, const std::string& value, Span deadline);
    Answer<Revision> erase(const std::string& key, Span deadline);
    Answer<std::optional<std::string>> get(const std::string& key, Span deadline);
    // In order; at most `keys_max`, more are refused.
    Answer<std::vector<std::string>> keys(const std::string& prefix, Span deadline);

    // The database into a file; it appears only when it is complete and on disk. One writer a path.
    Answer<Bytes> snapshot(const std::filesystem::path& to, Span deadline);

  private:
    struct Wire;
    explicit Client(std::unique_ptr<Wire> wire);

    std::unique_ptr<Wire> wire_;
};

// 10,000 keys of 256 bytes fit the largest answer the client takes.
inline constexpr std::int64_t keys_max = 10'000;

}  // namespace quorate::etcd
