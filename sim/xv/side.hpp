// One of the two that a scenario is played on: real etcd processes, or the simulator's model of
// them. Members are numbered; a call blocks until it was answered or its time is over, which on the
// model is virtual.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/instant.hpp"
#include "core/model/child.hpp"
#include "core/model/members.hpp"
#include "core/model/outcome.hpp"
#include "sim/world/disk.hpp"

namespace quorate::sim::xv {

using Ordinals = std::vector<std::uint8_t>;
using Reply = std::variant<Done, Refused, Unknown>;

// What a person would say with etcd's flags; each side spells it for its release.
struct Flags {
    bool strict = true;
    bool initial_check = false;
    Span corrupt_check;  // 0: never
    Span compact_check;
    std::uint32_t snapshot_count = 0;  // 0: etcd's own
    std::uint32_t quota_mib = 0;
};

struct Start {
    Ordinals listed;  // --initial-cluster
    bool founding = false;
    Flags flags;
};

struct Row {  // of a member list
    MemberId id;
    std::optional<std::uint8_t> name;  // none: it never told one
    std::optional<std::uint8_t> url;
    bool learner = false;
};

enum class Value { right, wrong, missing };

struct AlarmRow {
    bool corrupt = false;  // else no space
    MemberId id;           // 0: nobody by name
};

class Side {
  public:
    virtual ~Side() = default;

    virtual void pass(Span span) = 0;
    virtual Instant now() = 0;

    virtual void start(std::uint8_t o, const Start& how) = 0;
    virtual void kill(std::uint8_t o) = 0;  // returns when it is gone
    virtual void stop(std::uint8_t o) = 0;  // likewise
    virtual void pause(std::uint8_t o, bool paused) = 0;
    virtual std::optional<ExitClass> ended(std::uint8_t o) = 0;  // by itself, since its last start

    // The data of members that do not run; only `from` of a copy may.
    virtual void wipe(std::uint8_t o) = 0;
    virtual void copy(std::uint8_t from, std::uint8_t to) = 0;
    virtual void save(std::uint8_t o) = 0;
    virtual void restore(std::uint8_t o) = 0;
    virtual void damage(std::uint8_t o, Damage kind) = 0;
    virtual void partition(const std::vector<Ordinals>& groups) = 0;
    virtual void heal() = 0;

    virtual MemberStatus status(std::uint8_t o) = 0;
    virtual std::optional<std::vector<Row>> members(std::uint8_t via) = 0;  // as it knows them
    virtual Reply add(std::uint8_t via, std::uint8_t o, bool learner) = 0;
    virtual Reply promote(std::uint8_t via, MemberId id) = 0;
    virtual Reply remove(std::uint8_t via, MemberId id) = 0;
    virtual Reply move_leader(std::uint8_t via, MemberId to) = 0;
    virtual Reply put(std::uint8_t via, std::uint64_t number) = 0;
    virtual std::variant<Value, Refused, Unknown> get(std::uint8_t via, bool linearizable,
                                                      std::uint64_t number) = 0;
    virtual std::optional<ContentHash> hash(std::uint8_t o, Revision at) = 0;  // peer port
    virtual std::vector<AlarmRow> alarms(std::uint8_t via) = 0;
    virtual Reply disarm(std::uint8_t via, const AlarmRow& alarm) = 0;
    virtual Reply compact(std::uint8_t via) = 0;
    virtual Reply defrag(std::uint8_t o) = 0;
    virtual Reply fill(std::uint8_t via) = 0;  // about one MiB more
};

}  // namespace quorate::sim::xv
