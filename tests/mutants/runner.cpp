#include "tests/mutants/runner.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "sim/enumerate/enumerate.hpp"
#include "sim/run/run.hpp"
#include "sim/script/script.hpp"
#include "sim/shrink/shrink.hpp"
#include "tests/mutants/mutated.hpp"

namespace quorate::mutants {
namespace {

using Clock = std::chrono::steady_clock;

// A mistake may make a life endless; seconds of one processor for all lives of one mutant.
constexpr rlim_t processor_seconds = 900;
constexpr rlim_t reduction_seconds = 300;  // simulator.md 4.4: the hard cap

struct Heard {
    std::string id;
    std::string what;
};

std::string text_of(const std::string& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

// "line 7: ...: S1 is violated: ..." speaks for S1, any other failure for the scenario's claim.
std::vector<Heard> live_scenario(const std::string& file) {
    const std::string text = text_of(file);
    if (text.empty()) return {{"MISSING", file}};
    const sim::ScriptOutcome outcome = sim::run_script(text);
    if (outcome.good) return {};
    const std::size_t end = outcome.failure.find(" is violated: ");
    // Of a tape: "FAIL safety seed=1 ... : S1: ...".
    const std::size_t verdict = outcome.failure.find(" : ");
    if (outcome.exit_code == 10 && end == std::string::npos && verdict != std::string::npos) {
        const std::string told = outcome.failure.substr(verdict + 3);
        return {{told.substr(0, told.find(": ")), told}};
    }
    if (end == std::string::npos) return {{"CLAIM", outcome.failure}};
    const std::size_t space = outcome.failure.rfind(' ', end - 1);
    const std::size_t begin = space == std::string::npos ? 0 : space + 1;
    return {{outcome.failure.substr(begin, end - begin), outcome.failure.substr(end + 14)}};
}

std::vector<Heard> heard_of(const sim::RunVerdict& verdict) {
    std::vector<Heard> heard;
    for (const Violation& one : verdict.violations)
        heard.push_back({one.id, one.what});
    if (verdict.ending == sim::Ending::did_not_settle) heard.push_back({"L1", verdict.what});
    if (verdict.ending == sim::Ending::simulator_fault) heard.push_back({"SIM", verdict.what});
    return heard;
}

std::vector<Heard> live_seed(std::uint64_t seed, bool twice, sim::OracleCounts& counts) {
    sim::RunOptions options;
    options.seed = seed;
    const sim::RunVerdict verdict = sim::run_seed(options);
    sim::add(counts, verdict.counts);
    std::vector<Heard> heard = heard_of(verdict);
    if (twice && sim::run_seed(options).digest != verdict.digest)
        heard.push_back({"DETERMINISM", "the same seed gave another life"});
    return heard;
}

// What one mutant's process leaves behind, whatever becomes of it.
struct Left {
    bool killed = false;
    std::uint64_t seeds = 0;
    char id[16] = "";
    char where[120] = "";
    char what[240] = "";
    char others[120] = "";
    Reduced reduced;
};

template <std::size_t N>
void keep(char (&to)[N], const std::string& text) {
    std::snprintf(to, N, "%s", text.c_str());
}

// Hears what is said in life after life, and knows when it is enough.
class Listener {
  public:
    Listener(const std::vector<std::string>& killers, Left& left)
        : killers_(killers.begin(), killers.end()), left_(left) {}

    bool wants(const std::string& id) const { return killers_.count(id) > 0; }
    bool enough(const std::vector<Heard>& heard) {
        for (const Heard& one : heard) {
            if (wants(one.id) || killers_.empty()) {
                keep(left_.id, one.id);
                keep(left_.what, one.what);
                return left_.killed = true;
            }
            others_.insert(one.id);
        }
        std::string text;
        for (const std::string& id : others_)
            text += (text.empty() ? "" : " ") + id;
        keep(left_.others, text);
        return false;
    }

  private:
    std::set<std::string> killers_;  // empty: anything
    std::set<std::string> others_;
    Left& left_;
};

// Every case of "wiped-follower agent-dies", a reference and a fault. True: that was enough.
bool live_boundaries(const std::string& said, const Search& how, Listener& listener, Left& left) {
    const std::size_t space = said.find(' ');
    const std::string name = said.substr(0, space);
    keep(left.where, said);
    const sim::BoundaryFault* fault = sim::boundary_fault(said.substr(space + 1));
    std::string why = "there is no such fault";
    const auto reference =
        sim::reference_of(name, text_of(how.scenarios + "/reference/" + name + ".scn"), why);
    if (fault == nullptr || !reference) return listener.enough({{"MISSING", said + ": " + why}});
    for (const sim::BoundaryCase& one : sim::cases_of(*reference, *fault)) {
        keep(left.where, one.where);
        if (listener.enough(heard_of(sim::run_tape(one.tape)))) return true;
    }
    return false;
}

void live_all(const Mutant& mutant, const Search& how, Left& left) {
    Listener listener(mutant.killers, left);
    for (const std::string& scenario : mutant.scenarios) {
        keep(left.where, scenario);
        if (listener.enough(live_scenario(how.scenarios + "/" + scenario))) return;
    }
    for (const std::string& boundaries : mutant.boundaries)
        if (live_boundaries(boundaries, how, listener, left)) return;
    sim::OracleCounts counts;
    const bool twice = listener.wants("DETERMINISM");
    for (std::uint64_t i = 0; i < mutant.seeds; ++i) {
        const std::uint64_t seed = how.first_seed + i;
        keep(left.where, "seed " + std::to_string(seed));
        left.seeds = i + 1;
        if (listener.enough(live_seed(seed, twice, counts))) return;
    }
    if (mutant.seeds == 0) return;
    keep(left.where, std::to_string(mutant.seeds) + " seeds");
    for (const sim::OracleCounter& counter : sim::oracle_counters)
        if (counts.*counter.place == 0 &&
            listener.enough({{"VACUITY", std::string(counter.name) + " was never true"}}))
            return;
}

Death death_of(const Left& left, int status, const std::vector<std::string>& killers) {
    Death death;
    death.killed = left.killed;
    death.id = left.id;
    death.where = left.where;
    death.what = left.what;
    death.others = left.others;
    death.seeds = left.seeds;
    death.reduced = left.reduced;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return death;
    death.id = "CRASH";
    death.what = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                     : "exit status " + std::to_string(WEXITSTATUS(status));
    death.killed = std::find(killers.begin(), killers.end(), death.id) != killers.end();
    if (!death.killed) death.others += " CRASH by " + death.what;
    return death;
}

// First the canary alone, which must be heard; then the same lives with the mistake in the oracle.
// An oracle changes nothing in a life, so that the very life in which it spoke must be silent.
void listen_for_canary(const std::vector<std::size_t>& switches, Mutant mutant, const Search& how,
                       Left& left) {
    live[switches.back()] = true;
    live_all(mutant, how, left);
    if (!left.killed) return keep(left.others, "UNHEARD");
    mutant.seeds = left.seeds;
    new (&left) Left;
    live[switches.front()] = true;
    live_all(mutant, how, left);
}

std::string how_it_is_told(const Left& left) {
    return std::string(left.id) + ": " + std::string(left.what);
}

// The mistake is still on: the reducer's lives make it too. What is left is a scenario to keep.
void reduce(const Search& how, Left& left) {
    sim::RunOptions options;
    options.seed = how.first_seed + left.seeds - 1;
    const sim::Tape tape = sim::draw_tape(options);
    const std::clock_t begin = std::clock();
    const auto shrunk = sim::shrink(tape, {});
    if (!shrunk) return;
    left.reduced.done = true;
    left.reduced.minimal = shrunk->minimal;
    left.reduced.processor_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    left.reduced.lives = shrunk->lives;
    left.reduced.episodes_left = shrunk->tape.episodes.size();
    left.reduced.replicas_left = shrunk->tape.replicas;
    std::fputs(sim::text_of(shrunk->tape, how_it_is_told(left)).c_str(), stderr);
}

bool by_seed(const std::string& where) { return where.rfind("seed ", 0) == 0; }

[[noreturn]] void be(const std::vector<std::size_t>& switches, const Mutant& mutant,
                     const Search& how, Left& left) {
    const rlim_t seconds = processor_seconds + (how.shrink ? reduction_seconds : 0);
    const rlimit limit{seconds, seconds};
    ::setrlimit(RLIMIT_CPU, &limit);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    if (mutant.canary.empty()) {
        for (const std::size_t one : switches)
            live[one] = true;
        live_all(mutant, how, left);
        if (how.shrink && left.killed && by_seed(left.where)) reduce(how, left);
    } else {
        listen_for_canary(switches, mutant, how, left);
    }
    std::fflush(nullptr);
    ::_exit(0);
}

std::size_t number_of(const std::string& name) {
    const auto& all = all_mutants();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Mutant& one) { return one.name == name; });
    return static_cast<std::size_t>(found - all.begin());
}

// What a process lives through. A mistake in an oracle is looked for with its canary's eyes, and is
// found when the canary is heard no more.
struct Task {
    Mutant mutant;
    std::vector<std::size_t> switches;
};

Task task_of(const Mutant& mutant) {
    Task task{mutant, {number_of(mutant.name)}};
    if (mutant.canary.empty()) return task;
    const std::size_t canary = number_of(mutant.canary);
    task.switches.push_back(canary);
    task.mutant.killers = {mutant.heard};
    task.mutant.scenarios = all_mutants()[canary].scenarios;
    task.mutant.boundaries = all_mutants()[canary].boundaries;
    task.mutant.seeds = all_mutants()[canary].seeds;
    return task;
}

Death silence_of(const Mutant& mutant, Death heard) {
    const std::string told = mutant.heard + " of " + mutant.canary;
    const bool crashed = heard.others.find("CRASH") != std::string::npos;
    const bool unheard = heard.others == "UNHEARD";
    heard.others = heard.killed ? "the canary is heard all the same: " + told
                   : crashed    ? "the canary's lives crashed"
                   : unheard    ? "without the mistake nobody hears the canary: " + told
                                : "";
    heard.what = "nobody hears " + told;
    heard.id = "CANARY";
    heard.killed = heard.others.empty();
    return heard;
}

// Fork and wait, so many at once.
class Nursery {
  public:
    using Ended = std::function<void(std::size_t, Death)>;

    Nursery(std::size_t most_tasks, const Search& how, Ended ended)
        : how_(how), ended_(std::move(ended)), bytes_(sizeof(Left) * most_tasks) {
        void* memory =
            ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            std::perror("mmap");
            std::abort();
        }
        left_ = static_cast<Left*>(memory);
    }
    ~Nursery() { ::munmap(left_, bytes_); }
    Nursery(const Nursery&) = delete;
    Nursery& operator=(const Nursery&) = delete;

    void take(std::size_t index, const Task& task) {
        while (children_.size() >= std::max(1U, how_.jobs))
            await_one();
        new (&left_[index]) Left;
        std::fflush(nullptr);
        const pid_t child = ::fork();
        if (child < 0) {
            std::perror("fork");
            std::abort();
        }
        if (child == 0) be(task.switches, task.mutant, how_, left_[index]);
        children_[child] = {index, task.mutant.killers, Clock::now()};
    }
    void await_all() {
        while (!children_.empty())
            await_one();
    }

  private:
    struct Child {
        std::size_t index;
        std::vector<std::string> killers;
        Clock::time_point born;
    };

    void await_one() {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, 0);
        const auto found = children_.find(pid);
        if (found == children_.end()) return;
        const Child child = found->second;
        children_.erase(found);
        Death death = death_of(left_[child.index], status, child.killers);
        death.seconds = std::chrono::duration<double>(Clock::now() - child.born).count();
        ended_(child.index, std::move(death));
    }

    const Search& how_;
    Ended ended_;
    std::size_t bytes_;
    Left* left_ = nullptr;
    std::map<pid_t, Child> children_;
};

}  // namespace

const std::vector<Mutant>& all_mutants() {
    static const std::vector<Mutant> all{
#include "tests/mutants/mutants.inc"
    };
    return all;
}

std::vector<Death> search(const std::vector<Mutant>& mutants, const Search& how,
                          const std::function<void(const Mutant&, const Death&)>& told) {
    std::vector<Death> deaths(mutants.size());
    Nursery nursery(mutants.size(), how, [&](std::size_t index, Death death) {
        const Mutant& mutant = mutants[index];
        deaths[index] = mutant.canary.empty() ? death : silence_of(mutant, death);
        told(mutant, deaths[index]);
    });
    for (std::size_t i = 0; i < mutants.size(); ++i)
        nursery.take(i, task_of(mutants[i]));
    nursery.await_all();
    return deaths;
}

Death control(const std::vector<std::string>& scenarios, const std::vector<std::string>& boundaries,
              std::uint64_t seeds, const Search& how) {
    Mutant nobody;
    nobody.scenarios = scenarios;
    nobody.boundaries = boundaries;
    nobody.seeds = seeds;
    Death ended;
    Nursery nursery(1, how, [&](std::size_t, Death death) { ended = std::move(death); });
    nursery.take(0, {nobody, {}});
    nursery.await_all();
    if (!ended.killed && !ended.others.empty()) ended.killed = true;
    return ended;
}

}  // namespace quorate::mutants
