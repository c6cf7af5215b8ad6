// The glue between our tables and Boost.MSM; the only header that knows MSM. A machine object lives
// for one call: restore the phase, fire one signal, read phase, verdict, rule id and effects.
// Why it is shaped so: docs/architecture.md, "Boost.MSM".
#pragma once

#ifndef BOOST_MPL_CFG_NO_PREPROCESSED_HEADERS
#define BOOST_MPL_CFG_NO_PREPROCESSED_HEADERS
#endif
#ifndef BOOST_MPL_LIMIT_VECTOR_SIZE
#define BOOST_MPL_LIMIT_VECTOR_SIZE 30
#endif
#ifndef BOOST_MPL_LIMIT_LIST_SIZE
#define BOOST_MPL_LIMIT_LIST_SIZE 30
#endif

#include <boost/mpl/for_each.hpp>
#include <boost/mpl/vector.hpp>
#include <boost/msm/back/state_machine.hpp>
#include <boost/msm/front/functor_row.hpp>
#include <boost/msm/front/state_machine_def.hpp>
#include <boost/serialization/base_object.hpp>
#include <concepts>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/machines/turn.hpp"
#include "core/model/rules.hpp"
#include "core/model/state.hpp"

namespace quorate::table {

namespace msm = boost::msm;
namespace mpl = boost::mpl;

// The guard of a row that has none.
struct always {
    static bool holds(const State&, const auto&) { return true; }
};

template <class Row, class Signal, class Effects>
concept Decides = requires(const State& state, const Signal& signal) {
    { Row::decide(state, signal) } -> std::same_as<Effects>;
};
template <class Guard, class Signal>
concept Holds = requires(const State& state, const Signal& signal) {
    { Guard::holds(state, signal) } -> std::same_as<bool>;
};

template <RuleId Id, class Effect>
struct Do {
    template <class Signal, class M, class A, class B>
    void operator()(const Signal& signal, M& machine, A&, B&) const {
        static_assert(Decides<Effect, Signal, typename M::EffectsType>,
                      "effect: static Effects decide(const State&, const Signal&)");
        if constexpr (Decides<Effect, Signal, typename M::EffectsType>)
            *machine.effects = Effect::decide(*machine.state, signal);
        machine.rule = Id;
    }
};

template <RuleId Id, class Guard>
struct When {
    template <class Signal, class M, class A, class B>
    bool operator()(const Signal& signal, M& machine, A&, B&) const {
        static_assert(Holds<Guard, Signal>,
                      "guard: static bool holds(const State&, const Signal&)");
        machine.rule = Id;  // remembered also when the guard refuses
        if constexpr (Holds<Guard, Signal>) return Guard::holds(*machine.state, signal);
        return false;
    }
};

// One row. Reads: id, from, signal, to, effect, only if.
template <RuleId Id, class From, class Signal, class To, class Effect, class Guard>
struct Rule : msm::front::Row<From, Signal, To, Do<Id, Effect>, When<Id, Guard>> {
    using EffectType = Effect;
    using GuardType = Guard;
    static constexpr RuleId id = Id;
};

// A phase as MSM wants it: a type.
template <auto P>
struct In : msm::front::state<> {
    static constexpr auto phase = P;
};

template <class Self, class E>
struct MachineDef : msm::front::state_machine_def<Self> {
    using EffectsType = E;
    using no_exception_thrown = int;
    using no_message_queue = int;
    template <class Signal, class M>
    void no_transition(const Signal&, M&, int) {}

    const State* state = nullptr;
    E* effects = nullptr;
    std::optional<RuleId> rule;
};

// Speaks the part of a Boost.Serialization archive that MSM needs to set its active state in O(1).
struct Restore {
    int id;
    template <class T>
    Restore& operator&(T& target) {
        if constexpr (std::is_array_v<T>) target[0] = id;
        return *this;
    }
};

template <class Back, class Phase>
constexpr int state_id() {
    return static_cast<int>(msm::back::get_state_id<typename Back::stt, Phase>::type::value);
}

template <class Def, class... States, class Phase, class Signal>
auto fire(Phase phase, const State& state, const Signal& signal) {
    using Back = msm::back::state_machine<Def>;
    Turn<Phase, typename Def::EffectsType> turn{phase, Verdict::no_row, {}, {}};
    Back machine;
    machine.state = &state;
    machine.effects = &turn.effects;
    Restore at{-1};
    static_cast<void>(
        ((States::phase == phase && (at.id = state_id<Back, States>(), true)) || ...));
    machine.serialize(at, 0);
    const auto handled =
        std::visit([&](const auto& one) { return machine.process_event(one); }, signal);
    if (handled == msm::back::HANDLED_TRUE) turn.verdict = Verdict::taken;
    if (handled == msm::back::HANDLED_GUARD_REJECT) turn.verdict = Verdict::refused;
    const int now = machine.current_state()[0];
    static_cast<void>(
        ((state_id<Back, States>() == now && (turn.phase = States::phase, true)) || ...));
    turn.rule = machine.rule;
    return turn;
}

// The rows of a table as data, for goldens and docs/rules.md.
template <class Table>
std::vector<RowText> rows_of(const char* (*phase_name)(std::uint8_t)) {
    std::vector<RowText> rows;
    mpl::for_each<Table>([&](auto row) {
        using Row = decltype(row);
        rows.push_back(RowText{Row::id, phase_name(static_cast<std::uint8_t>(Row::Source::phase)),
                               type_word<typename Row::Evt>(),
                               phase_name(static_cast<std::uint8_t>(Row::Target::phase)),
                               type_word<typename Row::EffectType>(),
                               type_word<typename Row::GuardType>()});
    });
    return rows;
}

}  // namespace quorate::table
