#include "adapters/disk/membership.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "adapters/disk/proto_reader.hpp"

namespace quorate::disk {
namespace {

using Json = nlohmann::json;

namespace change {
constexpr std::uint64_t add = 0;
constexpr std::uint64_t remove = 1;
constexpr std::uint64_t update = 2;
constexpr std::uint64_t add_learner = 3;
}  // namespace change

// A damaged text is a discarded value, never an exception.
Json parsed(std::string_view text) { return Json::parse(text, nullptr, false); }

// The empty object where there is no such object.
const Json& child(const Json& node, const char* name) {
    static const Json none = Json::object();
    const auto found = node.is_object() ? node.find(name) : node.end();
    return found != node.end() && found->is_object() ? *found : none;
}

bool flag(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

struct Member {
    std::vector<std::string> urls;
    bool learner = false;
};

Member member_of(const Json& attributes) {
    Member member;
    const auto urls = attributes.find("peerURLs");
    if (urls != attributes.end() && urls->is_array())
        for (const Json& url : *urls)
            if (url.is_string()) member.urls.push_back(url.get<std::string>());
    member.learner = flag(attributes, "isLearner");
    return member;
}

std::optional<MemberId> parse_hex(const std::string& digits) {
    MemberId id;
    const char* end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, id.value, 16);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return id;
}

class Store {
  public:
    // False when it is not a v2 store.
    bool load(std::string_view snapshot) {
        const Json json = parsed(snapshot);
        if (!json.is_object() || !json.contains("Root")) return false;
        const Json& cluster = child(child(child(json, "Root"), "Children"), "0");
        const Json& folders = child(cluster, "Children");
        for (const auto& [name, node] : child(child(folders, "members"), "Children").items()) {
            const auto id = parse_hex(name);
            const Json& raft = child(child(node, "Children"), "raftAttributes");
            const auto value = raft.find("Value");
            if (!id || value == raft.end() || !value->is_string()) return false;
            const Json attributes = parsed(value->get<std::string>());
            if (!attributes.is_object()) return false;
            members_[*id] = member_of(attributes);
        }
        for (const auto& [name, node] :
             child(child(folders, "removed_members"), "Children").items())
            if (const auto id = parse_hex(name)) removed_.insert(*id);
        return true;
    }

    void apply(const ConfChange& one) {
        if (removed_.contains(one.id)) return;
        const auto known = members_.find(one.id);
        if (one.type == change::remove) {
            if (known == members_.end()) return;
            members_.erase(known);
            removed_.insert(one.id);
            return;
        }
        const Json context = parsed(one.context);
        if (!context.is_object()) return;
        const Member member = member_of(context);
        if (one.type == change::update) {
            if (known != members_.end() && !taken(member, one.id)) known->second.urls = member.urls;
        } else if (flag(context, "isPromote")) {
            if (known != members_.end()) known->second.learner = false;
        } else if (one.type == change::add || one.type == change::add_learner) {
            if (known == members_.end() && !taken(member, one.id) && !no_room(member))
                members_[one.id] = member;
        }
    }

    std::vector<StoredMember> members() const {
        std::vector<StoredMember> all;
        for (const auto& [id, member] : members_)
            all.push_back({id, member.learner});
        return all;
    }

  private:
    bool taken(const Member& member, MemberId id) const {
        return std::any_of(members_.begin(), members_.end(), [&](const auto& other) {
            return other.first != id &&
                   std::find_first_of(other.second.urls.begin(), other.second.urls.end(),
                                      member.urls.begin(),
                                      member.urls.end()) != other.second.urls.end();
        });
    }
    // To 3.5 there is one learner at most.
    bool no_room(const Member& member) const {
        return member.learner && std::any_of(members_.begin(), members_.end(),
                                             [](const auto& one) { return one.second.learner; });
    }

    std::map<MemberId, Member> members_;
    std::set<MemberId> removed_;
};

}  // namespace

std::optional<ConfChange> parse_conf_change(std::string_view bytes, LogIndex index) {
    ConfChange one;
    one.index = index;
    ProtoReader reader(bytes);
    for (ProtoField field; reader.next(field);) {
        if (field.number == 2) one.type = field.value;
        if (field.number == 3) one.id.value = field.value;
        if (field.number == 4) one.context = field.bytes;
    }
    if (reader.malformed()) return std::nullopt;
    return one;
}

std::optional<StoredMember> parse_stored_member(std::string_view text) {
    const Json json = parsed(text);
    const auto id = json.is_object() ? json.find("id") : json.end();
    if (id == json.end() || !id->is_number_unsigned()) return std::nullopt;
    return StoredMember{MemberId{id->get<std::uint64_t>()}, flag(json, "isLearner")};
}

std::optional<std::vector<StoredMember>> v2_members(std::string_view snapshot,
                                                    const std::vector<ConfChange>& changes,
                                                    V2Range range) {
    Store store;
    if (!snapshot.empty() && !store.load(snapshot)) return std::nullopt;
    for (const ConfChange& one : changes)
        if (one.index > range.from && one.index <= range.to) store.apply(one);
    return store.members();
}

}  // namespace quorate::disk
