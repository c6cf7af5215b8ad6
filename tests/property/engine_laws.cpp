// Laws of the engine, and of the step as bytes: how observations are grouped, where the memory is
// that a state lies in, and whether the journal was folded up to here or lived make no difference.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/digest.hpp"
#include "core/wire/state.hpp"
#include "tests/property/ripe.hpp"

namespace quorate {
namespace {

using test::below;
using test::classify;
using test::Life;

class Kept final : public JournalPort {
  public:
    Durable commit(std::span<const Record> batch) override {
        if (fails) return Durable::no;
        for (const Record& record : batch)
            text += std::to_string(record.event.seq.value) + wire::encode(record.decision) +
                    std::to_string(record.digest);
        records.insert(records.end(), batch.begin(), batch.end());
        return Durable::yes;
    }
    std::vector<Record> records;
    std::string text;
    bool fails = false;
};

class Released final : public OutboxPort {
  public:
    void release(std::span<const Command> commands) override {
        all.insert(all.end(), commands.begin(), commands.end());
    }
    std::vector<Command> all;
};

// Tells the instants of a life one after the other; one clock may run backwards.
class Ticking final : public ClockPort {
  public:
    explicit Ticking(Instant from) : now_(from) {}
    Instant now() override {
        ++reads_;
        return now_ = now_ + milliseconds(reads_ % 5 == 0 ? -3 : 40);
    }

  private:
    Instant now_;
    int reads_ = 0;
};

struct Agent {
    explicit Agent(State state)
        : clock(state.now),
          engine({journal, outbox, clock}, std::move(state), {quorate::step, wire::digest}) {}
    Kept journal;
    Released outbox;
    Ticking clock;
    Engine engine;
};

// What one agent is told, chosen with a look at a life of its own.
std::vector<Observation> told(const State& start) {
    const Life life(test::any_world());
    State state = start;
    std::vector<Observation> all;
    for (const std::uint32_t number : test::numbers(16)) {
        const Event event = life.next(state, number);
        all.push_back(event.observation);
        state = step(std::move(state), event).next;
    }
    return all;
}

Durable take(Agent& agent, std::vector<Observation> batch) { return agent.engine.take(batch); }

RC_GTEST_PROP(EngineLaw, BatchesFoldAsTheirConcatenation, ()) {
    const State& start = test::one_of(test::ripe());
    const std::vector<Observation> all = told(start);
    Agent at_once(start);
    Agent in_pieces(start);
    RC_ASSERT(take(at_once, all) == Durable::yes);
    std::size_t pieces = 0;
    for (std::size_t from = 0; from < all.size(); ++pieces) {
        const std::size_t to = std::min(all.size(), from + 1 + below(6));
        RC_ASSERT(take(in_pieces, {all.begin() + static_cast<std::ptrdiff_t>(from),
                                   all.begin() + static_cast<std::ptrdiff_t>(to)}) == Durable::yes);
        from = to;
    }
    test::classify_state(start);
    classify(pieces > 2, "more than two batches");
    RC_ASSERT(at_once.engine.state() == in_pieces.engine.state());
    RC_ASSERT(at_once.journal.text == in_pieces.journal.text);
    RC_ASSERT(at_once.outbox.all == in_pieces.outbox.all);
}

// A batch that the journal did not take has not happened; what it took is all there is.
RC_GTEST_PROP(EngineLaw, OnlyWhatIsDurableHasHappened, ()) {
    const State& start = test::one_of(test::ripe());
    const std::vector<Observation> all = told(start);
    Agent agent(start);
    const auto kept =
        static_cast<std::ptrdiff_t>(below(static_cast<std::uint32_t>(all.size()) + 1));
    RC_ASSERT(take(agent, {all.begin(), all.begin() + kept}) == Durable::yes);
    const std::size_t released = agent.outbox.all.size();
    agent.journal.fails = true;
    RC_ASSERT(take(agent, {all.begin() + kept, all.end()}) == Durable::no);
    classify(kept > 0, "something was durable");
    classify(released > 0, "commands were released");
    RC_ASSERT(agent.outbox.all.size() == released);
    State folded = start;
    for (const Record& record : agent.journal.records) {
        Step done = step(std::move(folded), record.event);
        RC_ASSERT(done.decision == record.decision);
        folded = std::move(done.next);
    }
    RC_ASSERT(folded == agent.engine.state());
}

// The same state and event at other addresses, in memory that held something else before, are the
// same bytes: nothing is ordered by an address and nothing is read that was never written.
RC_GTEST_PROP(EngineLaw, AStepIsTheSameBytesWhereverItsStateLies, ()) {
    const State& here = test::one_of(test::ripe());
    const Event event =
        Life(test::any_world()).next(here, static_cast<std::uint32_t>(test::word()));
    std::vector<std::unique_ptr<std::string>> litter;
    for (const std::uint32_t number : test::numbers(24))
        litter.push_back(std::make_unique<std::string>(number % 700, '\xaa'));
    for (std::size_t i = 0; i < litter.size(); i += 2)
        litter[i].reset();
    const auto there =
        std::make_unique<State>(std::get<State>(wire::decode_state(wire::encode(here))));
    test::classify_state(here);
    const Step one = step(here, event);
    const Step other = step(*there, event);
    classify(!one.decision.commands.empty(), "something is commanded");
    RC_ASSERT(wire::encode(one.decision) == wire::encode(other.decision));
    RC_ASSERT(wire::encode(one.next) == wire::encode(other.next));
}

}  // namespace
}  // namespace quorate
