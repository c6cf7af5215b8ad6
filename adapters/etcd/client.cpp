#include "adapters/etcd/client.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "adapters/etcd/link.hpp"
#include "adapters/etcd/peer_http.hpp"
#include "adapters/etcd/snapshot_file.hpp"
#include "adapters/etcd/texts.hpp"
#include "adapters/etcd/url.hpp"

namespace quorate::etcd {

namespace {

Result<Url> parse_url_for(const std::string& text, const std::optional<Tls>& tls) {
    auto url = parse_url(text);
    if (url && url->tls && !tls)
        return refused("an https URL needs a CA, a certificate and a key", text);
    return url;
}

// --- calls -----------------------------------------------------------------------------------

// The payload made of the answer; a refusal stays what it is.
template <class T, class Response, class Make>
Answer<T> then(Answer<Response> answer, Make make) {
    if (auto* response = std::get_if<Response>(&answer)) return make(*response);
    if (auto* refusal = std::get_if<Refused>(&answer)) return std::move(*refusal);
    return std::move(std::get<Unknown>(answer));
}

template <class Response>
Answer<Done> done(Answer<Response> answer) {
    return then<Done>(std::move(answer), [](const Response&) { return Done{}; });
}

// The cheapest read that goes through a quorum: the first byte string there is.
Answer<pb::RangeResponse> linearizable_read(Link& link, gpr_timespec until) {
    pb::RangeRequest request;
    request.set_key(std::string(1, '\0'));
    request.set_limit(1);
    request.set_keys_only(true);
    return call(link, &pb::KV::Stub::Range, request, until);
}

// --- from the wire ---------------------------------------------------------------------------

ListedMember from_wire(const pb::Member& member) {
    ListedMember listed;
    listed.id = MemberId{member.id()};
    listed.name = member.name();
    listed.peer_urls.assign(member.peerurls().begin(), member.peerurls().end());
    std::sort(listed.peer_urls.begin(), listed.peer_urls.end());
    listed.learner = member.islearner();
    return listed;
}

template <class Response>
MemberList list_from_wire(const Response& response, Freshness freshness) {
    MemberList list;
    list.freshness = freshness;
    list.cluster_id = ClusterId{response.header().cluster_id()};
    if (freshness == Freshness::linearizable) list.term = Term{response.header().raft_term()};
    for (const pb::Member& member : response.members())
        list.members.push_back(from_wire(member));
    std::sort(list.members.begin(), list.members.end(),
              [](const ListedMember& a, const ListedMember& b) { return a.id < b.id; });
    return list;
}

std::vector<Alarm> alarms_from_wire(const pb::StatusResponse& status) {
    std::vector<Alarm> alarms;
    for (const std::string& text : status.errors()) {
        if (const auto alarm = parse_alarm(text)) alarms.push_back(*alarm);
    }
    return alarms;
}

MemberStatus from_wire(const pb::StatusResponse& status) {
    MemberStatus member;
    member.answers = true;
    member.member_id = MemberId{status.header().member_id()};
    member.cluster_id = ClusterId{status.header().cluster_id()};
    member.leader = MemberId{status.leader()};
    member.term = Term{status.raftterm()};
    member.index = LogIndex{status.raftindex()};
    member.applied = LogIndex{status.raftappliedindex()};
    member.revision = Revision{status.header().revision()};
    member.db_size = Bytes{static_cast<std::uint64_t>(std::max<std::int64_t>(status.dbsize(), 0))};
    member.db_size_in_use =
        Bytes{static_cast<std::uint64_t>(std::max<std::int64_t>(status.dbsizeinuse(), 0))};
    member.version = parse_version(status.version());
    member.learner = status.islearner();
    for (const Alarm& alarm : alarms_from_wire(status)) {
        if (alarm.kind == AlarmKind::nospace) member.alarm_nospace = true;
        if (alarm.kind != AlarmKind::corrupt) continue;
        member.alarm_corrupt = true;
        member.accused.push_back(alarm.member);
    }
    return member;
}

ContentHash from_wire(const pb::HashKVResponse& response) {
    ContentHash hash;
    hash.member_id = MemberId{response.header().member_id()};
    hash.answered = true;
    hash.revision = Revision{response.header().revision()};
    hash.compact_revision = Revision{response.compact_revision()};
    hash.hash = response.hash();
    return hash;
}

pb::AlarmType to_wire(AlarmKind kind) {
    switch (kind) {
        case AlarmKind::nospace:
            return pb::NOSPACE;
        case AlarmKind::corrupt:
            return pb::CORRUPT;
    }
    return pb::NONE;
}

// The end of the range of all keys that begin with `prefix`; empty prefix: of all keys.
std::string prefix_end(std::string prefix) {
    while (!prefix.empty() && prefix.back() == '\xff')
        prefix.pop_back();
    if (prefix.empty()) return std::string(1, '\0');
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

NotDone refused_by_peer_port(const PeerReply& reply) {
    constexpr unsigned precondition_failed = 412;  // etcd: another X-Etcd-Cluster-ID
    if (reply.status == precondition_failed) return Refused{Refusal::wrong_cluster, reply.body};
    NotDone why = classify(0, reply.body);
    if (auto* unknown_why = std::get_if<Unknown>(&why))
        unknown_why->text = "HTTP " + std::to_string(reply.status) + ": " + reply.body;
    return why;
}

NotDone not_written(const Failure& failure) {
    std::string text = failure.what + " (" + failure.where + ")";
    if (failure.kind == FailureKind::unknown) return Unknown{std::move(text)};
    return Refused{Refusal::disk, std::move(text)};
}

}  // namespace

struct Client::Wire {
    std::unique_ptr<Link> link;
    std::optional<Url> peer_url;
    std::optional<Tls> tls;
};

// --- Client ----------------------------------------------------------------------------------

Result<std::unique_ptr<Client>> Client::create(Endpoint endpoint, std::optional<Tls> tls) {
    auto url = parse_url_for(endpoint.client_url, tls);
    if (!url) return tl::unexpected(url.error());
    std::optional<Url> peer_url;
    if (!endpoint.peer_url.empty()) {
        auto parsed = parse_url_for(endpoint.peer_url, tls);
        if (!parsed) return tl::unexpected(parsed.error());
        peer_url = std::move(*parsed);
    }
    auto link = Link::create(*url, tls, std::move(endpoint.address));
    if (!link) return tl::unexpected(link.error());
    return std::unique_ptr<Client>(new Client(
        std::make_unique<Wire>(Wire{std::move(*link), std::move(peer_url), std::move(tls)})));
}

Client::Client(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}
Client::~Client() = default;

MemberStatus Client::status(Span deadline) {
    const auto until = deadline_after(deadline);
    const auto answer = call(*wire_->link, &pb::Maintenance::Stub::Status, {}, until);
    const auto* response = std::get_if<pb::StatusResponse>(&answer);
    if (response == nullptr) return {};
    MemberStatus member = from_wire(*response);
    // A learner answers no linearizable read.
    if (member.learner) return member;
    member.serves =
        std::holds_alternative<pb::RangeResponse>(linearizable_read(*wire_->link, until));
    return member;
}

Answer<std::vector<Alarm>> Client::alarms(Span deadline) {
    return then<std::vector<Alarm>>(
        call(*wire_->link, &pb::Maintenance::Stub::Status, {}, deadline_after(deadline)),
        alarms_from_wire);
}

Answer<MemberList> Client::members(Freshness freshness, Span deadline) {
    const auto until = deadline_after(deadline);
    const bool linearizable = freshness == Freshness::linearizable;
    if (linearizable) {
        auto read = linearizable_read(*wire_->link, until);
        if (!std::holds_alternative<pb::RangeResponse>(read))
            return then<MemberList>(std::move(read), [](const auto&) { return MemberList{}; });
    }
    pb::MemberListRequest request;
    request.set_linearizable(linearizable);
    return then<MemberList>(
        call(*wire_->link, &pb::Cluster::Stub::MemberList, request, until),
        [&](const auto& response) { return list_from_wire(response, freshness); });
}

Answer<Added> Client::add_learner(const std::string& peer_url, Span deadline) {
    pb::MemberAddRequest request;
    request.add_peerurls(peer_url);
    request.set_islearner(true);
    return then<Added>(
        call(*wire_->link, &pb::Cluster::Stub::MemberAdd, request, deadline_after(deadline)),
        [](const auto& response) {
            // The change itself went through raft, and the list is its result.
            return Added{from_wire(response.member()),
                         list_from_wire(response, Freshness::linearizable)};
        });
}

Answer<Done> Client::promote(MemberId member, Span deadline) {
    pb::MemberPromoteRequest request;
    request.set_id(member.value);
    return done(
        call(*wire_->link, &pb::Cluster::Stub::MemberPromote, request, deadline_after(deadline)));
}

Answer<Done> Client::remove(MemberId member, Span deadline) {
    pb::MemberRemoveRequest request;
    request.set_id(member.value);
    return done(
        call(*wire_->link, &pb::Cluster::Stub::MemberRemove, request, deadline_after(deadline)));
}

Answer<Done> Client::move_leader(MemberId to, Span deadline) {
    pb::MoveLeaderRequest request;
    request.set_targetid(to.value);
    return done(
        call(*wire_->link, &pb::Maintenance::Stub::MoveLeader, request, deadline_after(deadline)));
}

Answer<Done> Client::disarm(MemberId member, AlarmKind kind, Span deadline) {
    pb::AlarmRequest request;
    request.set_action(pb::AlarmRequest::DEACTIVATE);
    request.set_memberid(member.value);
    request.set_alarm(to_wire(kind));
    return done(
        call(*wire_->link, &pb::Maintenance::Stub::Alarm, request, deadline_after(deadline)));
}

Answer<Done> Client::compact(Revision at, Span deadline) {
    pb::CompactionRequest request;
    request.set_revision(at.value);
    request.set_physical(true);
    return done(call(*wire_->link, &pb::KV::Stub::Compact, request, deadline_after(deadline)));
}

Answer<Done> Client::defragment(Span deadline) {
    return done(
        call(*wire_->link, &pb::Maintenance::Stub::Defragment, {}, deadline_after(deadline)));
}

Answer<ContentHash> Client::hash(Revision at, Span deadline) {
    pb::HashKVRequest request;
    request.set_revision(at.value);
    return then<ContentHash>(
        call(*wire_->link, &pb::Maintenance::Stub::HashKV, request, deadline_after(deadline)),
        [](const auto& response) { return from_wire(response); });
}

Answer<ContentHash> Client::peer_hash(Revision at, ClusterId cluster_id, Span deadline) {
    if (!wire_->peer_url)
        return Refused{Refusal::not_possible, "this client was made without a peer URL"};
    const PeerRequest request{"/members/hashkv", nlohmann::json{{"revision", at.value}}.dump(),
                              cluster_id};
    auto answer = peer_get(*wire_->peer_url, wire_->tls, request, deadline);
    const auto* reply = std::get_if<PeerReply>(&answer);
    if (reply == nullptr)
        return then<ContentHash>(std::move(answer), [](const auto&) { return ContentHash{}; });
    if (reply->status != 200) return not_done<ContentHash>(refused_by_peer_port(*reply));
    // Versions before 3.4.28 and 3.5.10 do not compare the id they are sent, but tell their own.
    if (cluster_id.value != 0 && reply->cluster_id != cluster_id)
        return Refused{Refusal::wrong_cluster, "the peer port answers for another cluster"};
    return parse_hash(reply->body);
}

Answer<Revision> Client::put(const std::string& key, const std::string& value, Span deadline) {
    pb::PutRequest request;
    request.set_key(key);
    request.set_value(value);
    return then<Revision>(
        call(*wire_->link, &pb::KV::Stub::Put, request, deadline_after(deadline)),
        [](const auto& response) { return Revision{response.header().revision()}; });
}

Answer<Revision> Client::erase(const std::string& key, Span deadline) {
    pb::DeleteRangeRequest request;
    request.set_key(key);
    return then<Revision>(
        call(*wire_->link, &pb::KV::Stub::DeleteRange, request, deadline_after(deadline)),
        [](const auto& response) { return Revision{response.header().revision()}; });
}

Answer<std::optional<std::string>> Client::get(const std::string& key, Span deadline) {
    pb::RangeRequest request;
    request.set_key(key);
    return then<std::optional<std::string>>(
        call(*wire_->link, &pb::KV::Stub::Range, request, deadline_after(deadline)),
        [](const auto& response) {
            return response.kvs().empty() ? std::nullopt : std::optional(response.kvs(0).value());
        });
}

Answer<std::vector<std::string>> Client::keys(const std::string& prefix, Span deadline) {
    pb::RangeRequest request;
    request.set_key(prefix.empty() ? std::string(1, '\0') : prefix);
    request.set_range_end(prefix_end(prefix));
    request.set_keys_only(true);
    request.set_limit(keys_max);
    auto answer = call(*wire_->link, &pb::KV::Stub::Range, request, deadline_after(deadline));
    const auto* response = std::get_if<pb::RangeResponse>(&answer);
    if (response != nullptr && response->more())
        return Refused{Refusal::not_possible, "more than " + std::to_string(keys_max) +
                                                  " keys begin with \"" + prefix + "\""};
    return then<std::vector<std::string>>(std::move(answer), [](const auto& range) {
        std::vector<std::string> keys;
        for (const auto& pair : range.kvs())
            keys.push_back(pair.key());
        return keys;
    });
}

Answer<Bytes> Client::snapshot(const std::filesystem::path& to, Span deadline) {
    auto file = SnapshotFile::create(to);
    if (!file) return not_done<Bytes>(not_written(file.error()));
    grpc::ClientContext context;
    context.set_deadline(deadline_after(deadline));
    const auto stubs = wire_->link->stubs();
    const auto& maintenance = std::get<std::unique_ptr<pb::Maintenance::Stub>>(*stubs);
    const auto stream = maintenance->Snapshot(&context, {});
    pb::SnapshotResponse part;
    while (stream->Read(&part)) {
        const auto written = (*file)->append(part.blob());
        if (written) continue;
        context.TryCancel();
        stream->Finish();
        return not_done<Bytes>(not_written(written.error()));
    }
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return not_done<Bytes>(classify(status.error_code(), status.error_message()));
    const auto size = (*file)->finish();
    if (!size) return not_done<Bytes>(not_written(size.error()));
    return *size;
}

}  // namespace quorate::etcd
