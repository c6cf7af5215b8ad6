// Grammar, one command a line; `#` begins a comment.
//
//   claim TEXT                          first line
//   golden                              last, and indented below it what the life amounted to
//       (sim/report/milestones); `quorate sim run --scenario FILE --rewrite` writes it
//   seed N · version A.B.C · policy quick|default · volumes retain|delete · grace 60s
//   replicas N parallel|ordered         the last line of the setting: the world begins
//   tape                                a drawn or reduced life (sim/tape): what does not apply is
//       skipped, and the last line is "at TIME conclude [approving]"; there "at command 12 FAULT"
//       falls when the twelfth command was released, "at command 12 EDGE FAULT" before-commit,
//       after-commit, in-flight or after-effect of it
//   at 20s COMMAND · after 5s COMMAND   since the beginning · since now
//   wait 5s
//   FAULT [for 20s]                     one of sim/faults/catalogue.cpp: "kill etcd 1", "wipe 2",
//       "hold 0 for 20s"; what says no time lasts until the faults end, or until
//   heal · free N · thaw N              the network's, a held replica's, a frozen one's end
//   accuse nobody · disarm N|nobody|nospace · store MIB · erase MIB · approve
//   upgrade N|all A.B.C                 another etcd, and the pod anew · downgrade A.B (enabled)
//   settle                              faults end; then steady, within ten minutes
//   expect steady within 60s
//   expect parked within 60s [TEXT]     some agent parks, its reason holds TEXT
//   expect survivor N                   a parked agent names it
//   expect set-aside N REASON           the volume holds data set aside for that reason
//   expect nothing set-aside
//   expect epoch N · expect voters N · expect no leader · expect writes
//   expect release N A.B.C              that is what serves there
//   expect agreed A.B                   on this cluster version
//   expect disarmed                     no CORRUPT alarm stands, and no agent doubts the content
//   expect room                         the same of NOSPACE
//   expect ready N · expect unready N   what its agent says just now
#include "sim/script/script.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <sstream>

#include "core/rules/etcd_versions.hpp"
#include "sim/report/milestones.hpp"
#include "sim/run/run.hpp"
#include "sim/tape/tape.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
    Words words;
    std::istringstream in(line.substr(0, line.find('#')));
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

std::optional<std::uint64_t> number(const std::string& word) {
    if (word.empty() || word.size() > 9) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : word) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

class Runner {
  public:
    explicit Runner(Onlooker* onlooker) { config_.onlooker = onlooker; }

    // Empty: it went as the line says.
    std::string take(const Words& words) {
        if (!world_) return setting(words);
        if ((words[0] == "at" || words[0] == "after") && words.size() > 2) {
            const auto when = parse_span(words[1]);
            if (!when) return "not a time: " + words[1];
            const Instant begin = words[0] == "at" ? begin_ : world_->kernel.now;
            if (begin + *when < world_->kernel.now) return "that time is over";
            world_->run_until(begin + *when);
            return command(Words(words.begin() + 2, words.end()));
        }
        return command(words);
    }

    std::string finish() {
        if (!world_) return "the world never began";
        world_->oracles.finish();
        return broken();
    }
    std::string broken() const {
        if (!world_ || world_->oracles.found().empty()) return {};
        const Violation& first = world_->oracles.found().front();
        return first.id + " is violated: " + first.what;
    }
    std::uint64_t digest() const { return world_ ? world_->kernel.digest : 0; }

  private:
    std::string setting(const Words& words) {
        const std::string& what = words[0];
        const std::string value = words.size() > 1 ? words[1] : "";
        if (what == "seed" && number(value)) {
            config_.seed = *number(value);
        } else if (what == "version") {
            config_.version = parse_version(value);
        } else if (what == "policy") {
            quick_ = value != "default";
        } else if (what == "volumes") {
            config_.volumes = value == "delete" ? Retention::on_scale_delete : Retention::retain;
        } else if (what == "grace" && parse_span(value)) {
            config_.pod_grace = *parse_span(value);
        } else if (what == "replicas" && number(value)) {
            config_.desired.replicas = static_cast<std::uint32_t>(*number(value));
            const bool ordered = words.size() > 2 && words[2] == "ordered";
            config_.desired.policy = ordered ? PodManagement::ordered : PodManagement::parallel;
            if (quick_) config_.policy = quick_policy();
            if (quick_) config_.snapshot_count = quick_snapshot_count;
            world_ = std::make_unique<World>(config_);
            begin_ = world_->kernel.now;
        } else {
            return "not a setting";
        }
        return {};
    }

    std::optional<std::uint8_t> replica(const Words& words, std::size_t at) const {
        if (at >= words.size()) return std::nullopt;
        const auto n = number(words[at]);
        if (!n || *n >= World::size) return std::nullopt;
        return static_cast<std::uint8_t>(*n);
    }

    std::string command(const Words& words) {
        const std::string& verb = words[0];
        if (world_->watched()) {
            std::string line = "----";
            for (const std::string& word : words)
                line += " " + word;
            world_->say(line);
        }
        if (verb == "expect") return expect(words);
        if (verb == "wait" && words.size() == 2 && parse_span(words[1])) {
            world_->run_for(*parse_span(words[1]));
        } else if (verb == "heal") {
            world_->faults.end(Family::network);
            world_->store_changed();
        } else if ((verb == "free" || verb == "thaw") && replica(words, 1)) {
            world_->faults.end(verb == "free" ? Fault::hold : Fault::freeze, *replica(words, 1));
        } else if (verb == "disarm" || (verb == "accuse" && !replica(words, 1))) {
            return alarm(words);
        } else if ((verb == "fill" || verb == "store" || verb == "erase") && words.size() == 2 &&
                   number(words[1])) {
            return resize(verb, *number(words[1]));
        } else if (verb == "upgrade" || verb == "downgrade") {
            return release(words);
        } else if (verb == "settle") {
            world_->end_faults();
            return steady_within(minutes(10));
        } else if (verb == "partition") {
            return partition(words);
        } else {
            return fault(words);
        }
        return {};
    }

    std::string release(const Words& words) {
        const Version version = parse_version(words.back());
        if (version == Version{}) return "not a release: " + words.back();
        if (words[0] == "downgrade")
            return world_->cluster.enable_downgrade(version) ? "" : "it cannot be enabled";
        const auto one = replica(words, 1);
        if (words.size() != 3 || (!one && words[1] != "all"))
            return "upgrade wants a replica, or all";
        for (std::uint8_t o = 0; o < World::size; ++o)
            if (!one || *one == o) world_->upgrade(o, version);
        return {};
    }

    std::string runs_release(const Words& words) const {
        const auto one = replica(words, 2);
        if (!one || words.size() != 4) return "release wants a replica and a release";
        const MemberStatus status = world_->cluster.status(*one);
        if (!status.answers) return "it does not answer";
        return status.version == parse_version(words[3]) ? "" : to_text(status.version);
    }

    std::string agreed(const std::string& minor) const {
        const auto leader = world_->cluster.able_leader();
        if (!leader) return "nobody leads";
        const Version now = world_->cluster.data(*leader)->cluster_version;
        return now == parse_version(minor) ? "" : "on " + to_text(now);
    }

    std::string disarmed() {
        for (std::uint8_t o = 0; o < Network::size; ++o) {
            if (world_->cluster.status(o).alarm_corrupt) return "an alarm stands";
            const Agent& agent = *world_->agents[o];
            if (agent.alive() && agent.state().alarm.phase != AlarmPhase::clear)
                return "replica " + std::to_string(int{o}) + " still doubts the content";
        }
        return {};
    }

    std::string room() {
        for (std::uint8_t o = 0; o < Network::size; ++o) {
            if (world_->cluster.status(o).alarm_nospace) return "an alarm stands";
            const Agent& agent = *world_->agents[o];
            if (agent.alive() && agent.state().space.phase != SpacePhase::enough)
                return "replica " + std::to_string(int{o}) + " still wants space";
        }
        return {};
    }

    // "fill 90" writes so many MiB of revisions, "store 90" of what only "erase 90" takes back.
    // What exceeds the quota raises the alarm of the member that noticed, the leader.
    std::string resize(const std::string& verb, std::uint64_t mib) {
        const auto leader = world_->cluster.able_leader();
        if (!leader) return "nobody leads";
        const EntryKind kind = verb == "fill"    ? EntryKind::fill
                               : verb == "store" ? EntryKind::store
                                                 : EntryKind::erase;
        if (!world_->cluster.resize(*leader, kind, mib, 0)) return "the leader takes nothing";
        world_->run_for(milliseconds(200));
        if (kind == EntryKind::erase ||
            world_->cluster.data(*leader)->file_mib < world_->config.quota_mib)
            return {};
        const MemberId id = world_->cluster.data(*leader)->id;
        return world_->cluster.alarm(*leader, EntryKind::nospace, id, 0) ? ""
                                                                         : "nobody leads any more";
    }

    // What etcd's own checks raise and what a person disarms: "accuse 1", "accuse nobody".
    std::string alarm(const Words& words) {
        const auto leader = world_->cluster.able_leader();
        if (!leader) return "nobody leads";
        if (words.size() == 2 && words[0] == "disarm" && words[1] == "nospace") {
            world_->disarm_nospace();
            return {};
        }
        MemberId id;
        if (const auto one = replica(words, 1)) {
            if (const EtcdData* data = world_->cluster.data(*one)) id = data->id;
        } else if (words.size() != 2 || words[1] != "nobody") {
            return "accuse and disarm want a replica, or nobody";
        }
        const EntryKind kind = words[0] == "accuse" ? EntryKind::accuse : EntryKind::disarm;
        return world_->cluster.alarm(*leader, kind, id, 0) ? "" : "the leader takes nothing";
    }

    std::string fault(const Words& words) {
        const auto episode = parse_episode(words);
        if (!episode) return "unknown command, or not what it wants";
        // Said again, it replaces what was said before; without a number it ends.
        const FaultKind& kind = kind_of(episode->fault);
        if (kind.shape == Shape::number && kind.lasts_most != Span{}) {
            world_->faults.end(episode->fault, 0);
            if (episode->number == 0) return {};
        }
        return world_->faults.begin(*episode) ? "" : "it does not apply";
    }

    static Episode between(const std::vector<std::uint8_t>& left,
                           const std::vector<std::uint8_t>& right) {
        Episode episode;
        episode.fault = Fault::partition;
        for (const std::uint8_t o : left)
            episode.left |= static_cast<std::uint16_t>(1U << o);
        for (const std::uint8_t o : right)
            episode.right |= static_cast<std::uint16_t>(1U << o);
        return episode;
    }

    std::string partition(const Words& words) {
        std::vector<std::vector<std::uint8_t>> groups(1);
        for (std::size_t i = 1; i < words.size(); ++i) {
            if (words[i] == "|") {
                groups.emplace_back();
            } else if (const auto o = replica(words, i)) {
                groups.back().push_back(*o);
            } else {
                return "no such replica: " + words[i];
            }
        }
        for (std::size_t a = 0; a < groups.size(); ++a)
            for (std::size_t b = a + 1; b < groups.size(); ++b)
                world_->faults.begin(between(groups[a], groups[b]));
        return {};
    }

    std::string steady_within(Span bound) {
        const Instant end = world_->kernel.now + bound;
        while (world_->kernel.now < end) {
            world_->run_for(milliseconds(100));
            if (!broken().empty()) return {};
            if (world_->steady()) return {};
        }
        const auto parked = world_->parked();
        return world_->why_not_steady() + (parked ? "; parked: " + *parked : "");
    }

    std::string parked_within(Span bound, const std::string& text) {
        const Instant end = world_->kernel.now + bound;
        std::string said;
        while (world_->kernel.now < end) {
            world_->run_for(milliseconds(100));
            for (std::uint8_t o = 0; o < World::size; ++o)
                if (const auto why = world_->parked(o)) {
                    said = *why;
                    if (said.find(text) != std::string::npos) return {};
                }
        }
        return said.empty() ? "nobody parked" : "parked, but: " + said;
    }

    std::string expect(const Words& words) {
        const std::string what = words.size() > 1 ? words[1] : "";
        const std::string value = words.size() > 2 ? words[2] : "";
        const bool within = value == "within" && words.size() > 3 && parse_span(words[3]);
        if (what == "steady" && within) return steady_within(*parse_span(words[3]));
        if (what == "parked" && within) {
            std::string text;
            for (std::size_t i = 4; i < words.size(); ++i)
                text += (i > 4 ? " " : "") + words[i];
            return parked_within(*parse_span(words[3]), text);
        }
        if (what == "survivor")
            return parked_within(seconds(30), "best survivor is replica " + value);
        if (what == "set-aside") return set_aside(words);
        if (what == "nothing") return nothing_set_aside();
        if (what == "no") return world_->cluster.able_leader() ? "somebody leads" : "";
        if (what == "writes") return writes();
        const auto n = number(value);
        if (what == "epoch" && n)
            return world_->store.record && world_->store.record->epoch.value == *n
                       ? ""
                       : "another epoch";
        if (what == "release") return runs_release(words);
        if (what == "agreed") return agreed(value);
        if (what == "disarmed") return disarmed();
        if (what == "room") return room();
        if (what == "voters" && n) return voters(*n);
        if (what == "ready" || what == "unready") return says_ready(words, what == "ready");
        return "unknown expectation";
    }

    std::string says_ready(const Words& words, bool expected) const {
        const auto o = replica(words, 2);
        if (!o) return "whether who is ready?";
        const bool ready = world_->agents[*o]->says_ready();
        return ready == expected ? ""
               : ready           ? "it says that it is ready"
                                 : "it says that it is not";
    }

    std::string set_aside(const Words& words) const {
        const auto o = replica(words, 2);
        if (!o || words.size() < 4) return "set-aside needs a replica and a reason";
        const auto& reasons = world_->volumes[*o].set_aside;
        if (std::find(reasons.begin(), reasons.end(), words[3]) != reasons.end()) return {};
        std::string had;
        for (const std::string& reason : reasons)
            had += " " + reason;
        return "set aside there:" + (had.empty() ? " nothing" : had);
    }

    std::string nothing_set_aside() const {
        for (std::uint8_t o = 0; o < World::size; ++o)
            if (!world_->volumes[o].set_aside.empty())
                return "replica " + std::to_string(int{o}) +
                       " set data aside: " + world_->volumes[o].set_aside.back();
        return {};
    }

    std::string voters(std::uint64_t n) const {
        const auto leader = world_->cluster.able_leader();
        if (!leader) return "nobody leads";
        const auto& conf = world_->cluster.process(*leader).conf;
        const auto count = static_cast<std::uint64_t>(std::count_if(
            conf.begin(), conf.end(), [](const View& view) { return !view.learner; }));
        return count == n ? "" : std::to_string(count) + " voters";
    }

    std::string writes() {
        const std::uint64_t before = world_->oracles.writes_acknowledged();
        world_->run_for(seconds(10));
        return world_->oracles.writes_acknowledged() > before ? "" : "none was acknowledged";
    }

    Config config_;
    bool quick_ = true;
    std::unique_ptr<World> world_;
    Instant begin_;
};

}  // namespace

namespace {

ScriptOutcome run_as_tape(const std::string& text, Onlooker* onlooker) {
    ScriptOutcome outcome;
    std::string why;
    const auto tape = parse_tape(text, why);
    if (!tape) {
        outcome.failure = why;
        return outcome;
    }
    const RunVerdict verdict = run_tape(*tape, {.onlooker = onlooker});
    outcome.good = verdict.good();
    outcome.digest = verdict.digest;
    outcome.exit_code = verdict.exit_code();
    outcome.ending = ending_of(verdict);
    if (!outcome.good) outcome.failure = text_of(verdict);
    return outcome;
}

bool is_tape(const std::string& text) { return text.find("\ntape\n") != std::string::npos; }

ScriptOutcome run_lines(const std::string& text, Onlooker* onlooker) {
    ScriptOutcome outcome;
    Runner runner(onlooker);
    std::istringstream in(text);
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        const Words words = words_of(line);
        if (number == 1) {
            if (words.empty() || words[0] != "claim") {
                outcome.failure = "line 1: the first line is the claim";
                return outcome;
            }
            outcome.claim = line.substr(line.find("claim") + 6);
            if (!is_tape(text)) continue;
            const std::string claim = outcome.claim;
            outcome = run_as_tape(text, onlooker);
            outcome.claim = claim;
            return outcome;
        }
        if (words.empty()) continue;
        std::string failure = runner.take(words);
        // A broken invariant says more than the expectation that fails with it.
        if (const std::string broken = runner.broken(); !broken.empty()) {
            failure = broken;
            outcome.exit_code = 10;
        }
        if (failure.empty()) continue;
        outcome.failure = "line " + std::to_string(number) + ": " + line + ": " + failure;
        outcome.digest = runner.digest();
        return outcome;
    }
    outcome.failure = runner.finish();
    outcome.good = outcome.failure.empty();
    outcome.digest = runner.digest();
    return outcome;
}

}  // namespace

ScriptOutcome run_script(const std::string& text, Onlooker* onlooker) {
    ScriptOutcome outcome = run_lines(without_golden(text), onlooker);
    if (outcome.ending.empty()) outcome.ending = outcome.good ? "PASS" : "FAIL " + outcome.failure;
    return outcome;
}

LivedScript live_script(const std::string& text, Onlooker* onlooker) {
    Milestones milestones(onlooker);
    LivedScript lived{run_script(text, &milestones), milestones.lines(), {}};
    lived.told.push_back(lived.outcome.ending);
    if (const auto golden = golden_in(text)) lived.differs = first_difference(*golden, lived.told);
    return lived;
}

}  // namespace quorate::sim
