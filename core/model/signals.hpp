// Signals: facts classified into a meaning for one machine. They carry only what the row's effect
// needs beyond the state. Read from the state in core/rules/signals.cpp; level-triggered: a signal
// says what is true now, so losing one loses nothing.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/base/ids.hpp"
#include "core/model/record.hpp"

namespace quorate {

namespace signal {

// Shared by several machines.
struct untold {
    bool operator==(const untold&) const = default;
};  // the record does not say it yet
struct look_again {
    bool operator==(const look_again&) const = default;
};  // what was decided rests on facts that changed
struct let_go {
    bool operator==(const let_go&) const = default;
};  // no longer wanted

// replica
struct unexamined {
    bool operator==(const unexamined&) const = default;
};
struct nothing_founded {
    bool operator==(const nothing_founded&) const = default;
};
struct all_told {
    bool operator==(const all_told&) const = default;
};
struct may_start {
    bool operator==(const may_start&) const = default;
};
struct claimed {
    bool operator==(const claimed&) const = default;
};
struct child_ended {
    bool operator==(const child_ended&) const = default;
};
struct condemned {
    std::string why;
    bool operator==(const condemned&) const = default;
};
struct not_continuation {
    std::string why;
    std::string detail = {};  // who knows it, in words; empty: `why` says it all
    bool operator==(const not_continuation&) const = default;
};
struct needs_admission {
    std::string why;
    std::string detail = {};  // the same
    bool operator==(const needs_admission&) const = default;
};
struct must_wait {
    bool operator==(const must_wait&) const = default;
};
struct chosen {
    bool operator==(const chosen&) const = default;
};
struct unrebuilt {
    bool operator==(const unrebuilt&) const = default;
};
struct stop_asked {
    bool operator==(const stop_asked&) const = default;
};
struct cannot_continue {
    std::string why;
    std::string next_step;
    bool operator==(const cannot_continue&) const = default;
};
struct record_behind {
    bool operator==(const record_behind&) const = default;
};  // the store shows an older record than this agent knows, or none
struct order_falls_short {
    bool operator==(const order_falls_short&) const = default;
};  // this volume holds more than what is to be rebuilt from

// volume
struct wanted {
    bool operator==(const wanted&) const = default;
};  // also process
struct announced {
    bool operator==(const announced&) const = default;
};
struct unstamped {
    bool operator==(const unstamped&) const = default;
};
struct stamped {
    bool operator==(const stamped&) const = default;
};
struct confirmed {
    bool operator==(const confirmed&) const = default;
};

// process
struct spawned {
    bool operator==(const spawned&) const = default;
};
struct spawn_failed {
    bool operator==(const spawn_failed&) const = default;
};
struct ready {
    bool operator==(const ready&) const = default;
};
struct exited {
    bool operator==(const exited&) const = default;
};

// member
struct unstarted {
    bool operator==(const unstarted&) const = default;
};
struct answers_as_learner {
    bool operator==(const answers_as_learner&) const = default;
};
struct serves {
    bool operator==(const serves&) const = default;
};
struct quiet {
    bool operator==(const quiet&) const = default;
};
struct limit_passed {
    bool operator==(const limit_passed&) const = default;
};
struct lost {
    bool operator==(const lost&) const = default;
};

// cluster
struct took_over {
    bool operator==(const took_over&) const = default;
};
struct grow_next {
    bool operator==(const grow_next&) const = default;
};
struct shrink_next {
    bool operator==(const shrink_next&) const = default;
};
struct repair_next {
    bool operator==(const repair_next&) const = default;
};
struct change_closed {
    bool operator==(const change_closed&) const = default;
};
struct quorum_gone {
    bool operator==(const quorum_gone&) const = default;
};
struct quorum_back {
    bool operator==(const quorum_back&) const = default;
};
struct survivor_untold {
    bool operator==(const survivor_untold&) const = default;
};
struct survivors_waited {
    std::string why;
    std::string next_step;
    bool operator==(const survivors_waited&) const = default;
};
struct approved {
    Rebuild rebuild;
    bool operator==(const approved&) const = default;
};
struct rebuild_ordered {
    bool operator==(const rebuild_ordered&) const = default;
};
struct rebuilt {
    bool operator==(const rebuilt&) const = default;
};

// repair
struct begin_removal {
    Ordinal ordinal;
    MemberId member_id;
    bool operator==(const begin_removal&) const = default;
};
struct begin_admission {
    Ordinal ordinal;
    MemberId member_id;  // 0: not added yet
    bool operator==(const begin_admission&) const = default;
};
struct leads {
    MemberId heir;
    bool operator==(const leads&) const = default;
};
struct leads_not {
    bool operator==(const leads_not&) const = default;
};
struct listed_voter {
    bool operator==(const listed_voter&) const = default;
};
struct listed_learner {
    MemberId member_id;
    bool operator==(const listed_learner&) const = default;
};
struct unlisted {
    bool operator==(const unlisted&) const = default;
};
struct told {
    bool operator==(const told&) const = default;
};
struct content_behind {
    bool operator==(const content_behind&) const = default;
};
struct content_equal {
    bool operator==(const content_equal&) const = default;
};
struct content_differs {  // at one revision: catching up will not change it
    bool operator==(const content_differs&) const = default;
};
struct stuck {
    bool operator==(const stuck&) const = default;
};

// authority
struct work_for_us {
    bool operator==(const work_for_us&) const = default;
};
struct granted {
    bool operator==(const granted&) const = default;
};
struct not_granted {
    bool operator==(const not_granted&) const = default;
};
struct work_done {
    bool operator==(const work_done&) const = default;
};
struct authority_lost {
    bool operator==(const authority_lost&) const = default;
};

// alarm
struct alarm_raised {
    bool operator==(const alarm_raised&) const = default;
};
struct alarm_gone {
    bool operator==(const alarm_gone&) const = default;
};
struct content_agrees {
    bool operator==(const content_agrees&) const = default;
};
struct nobody_knows {
    std::string why;
    std::string next_step;
    bool operator==(const nobody_knows&) const = default;
};

// space
struct short_of_space {
    bool operator==(const short_of_space&) const = default;
};
struct space_back {
    bool operator==(const space_back&) const = default;
};
struct may_compact {
    Revision at;
    bool operator==(const may_compact&) const = default;
};
struct compacted {
    bool operator==(const compacted&) const = default;
};
struct fragmented {
    Ordinal replica;
    bool operator==(const fragmented&) const = default;
};
struct has_room {
    bool operator==(const has_room&) const = default;
};
struct still_full {
    bool operator==(const still_full&) const = default;
};
struct nothing_helps {
    std::string why;
    std::string next_step;
    bool operator==(const nothing_helps&) const = default;
};

}  // namespace signal

using ReplicaSignal =
    std::variant<signal::unexamined, signal::nothing_founded, signal::untold, signal::all_told,
                 signal::look_again, signal::may_start, signal::claimed, signal::child_ended,
                 signal::condemned, signal::not_continuation, signal::needs_admission,
                 signal::must_wait, signal::chosen, signal::unrebuilt, signal::stop_asked,
                 signal::cannot_continue, signal::record_behind, signal::order_falls_short>;
using VolumeSignal =
    std::variant<signal::wanted, signal::untold, signal::announced, signal::unstamped,
                 signal::stamped, signal::confirmed, signal::let_go>;
using ProcessSignal = std::variant<signal::wanted, signal::let_go, signal::spawned,
                                   signal::spawn_failed, signal::ready, signal::exited>;
using MemberSignal = std::variant<signal::unstarted, signal::answers_as_learner, signal::serves,
                                  signal::quiet, signal::limit_passed, signal::lost>;
using ClusterSignal =
    std::variant<signal::took_over, signal::let_go, signal::grow_next, signal::shrink_next,
                 signal::repair_next, signal::change_closed, signal::quorum_gone,
                 signal::quorum_back, signal::survivor_untold, signal::survivors_waited,
                 signal::approved, signal::rebuild_ordered, signal::rebuilt>;
using RepairSignal =
    std::variant<signal::begin_removal, signal::begin_admission, signal::leads, signal::leads_not,
                 signal::listed_voter, signal::listed_learner, signal::unlisted, signal::untold,
                 signal::told, signal::content_behind, signal::content_equal, signal::stuck,
                 signal::serves, signal::let_go, signal::content_differs>;
using AuthoritySignal = std::variant<signal::work_for_us, signal::granted, signal::not_granted,
                                     signal::work_done, signal::authority_lost>;
using AlarmSignal = std::variant<signal::alarm_raised, signal::alarm_gone, signal::content_agrees,
                                 signal::nobody_knows>;

using SpaceSignal = std::variant<signal::short_of_space, signal::space_back, signal::may_compact,
                                 signal::compacted, signal::fragmented, signal::has_room,
                                 signal::still_full, signal::nothing_helps, signal::let_go>;

}  // namespace quorate
