#include "sim/tape/tape.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>

#include "core/base/mix.hpp"
#include "core/rules/etcd_versions.hpp"
#include "sim/tape/golden.hpp"

namespace quorate::sim {
namespace {

// Draws of a tape are its own: none of the world's streams moves by them.
class Draws {
  public:
    explicit Draws(std::uint64_t seed) : seed_(mix(scramble(seed), 0x7461706573ULL)) {}

    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
    bool chance(std::uint64_t percent) { return below(100) < percent; }
    Span between(Span least, Span most) {
        return Span{least.us + static_cast<std::int64_t>(
                                   below(static_cast<std::uint64_t>(most.us - least.us) + 1))};
    }

  private:
    std::uint64_t next() { return mix(seed_, ++drawn_); }

    std::uint64_t seed_;
    std::uint64_t drawn_ = 0;
};

bool lasts(Fault fault) { return kind_of(fault).lasts_most != Span{}; }
bool loses(Fault fault) { return kind_of(fault).fault_class == FaultClass::data_loss; }

// Faults of one life: a random subset is live, with weights that differ by orders of magnitude, so
// that rare combinations are not drowned by the common ones (swarm testing).
class Writer {
  public:
    Writer(const TapeOptions& options, Tape& tape)
        : tape_(tape), draws_(options.seed), wanted_(tape.replicas) {
        for (std::size_t i = 0; i < faults_count; ++i) {
            const auto fault = static_cast<Fault>(i);
            if (!is_drawn(fault)) continue;
            const bool asked = std::find(options.faults.begin(), options.faults.end(), fault) !=
                               options.faults.end();
            const bool allowed = asked || options.faults.empty();
            const bool live = draws_.chance(40);
            const auto weight = 1U << draws_.below(6);
            if (allowed && (live || !options.faults.empty())) weights_[i] = weight;
        }
        // A way back needs a point to come back to.
        weights_[static_cast<std::size_t>(Fault::save)] =
            weights_[static_cast<std::size_t>(Fault::roll_back)];
        losses_left_ = draws_.below(6);
        many_and_short_ = draws_.chance(50);
    }

    void write(Span begin, Span end) {
        for (Span at = begin; at < end; at = at + gap())
            add(at);
        std::stable_sort(tape_.episodes.begin(), tape_.episodes.end(),
                         [](const Episode& a, const Episode& b) { return a.at < b.at; });
    }

  private:
    Span gap() {
        return many_and_short_ ? draws_.between(milliseconds(100), milliseconds(4'100))
                               : draws_.between(seconds(2), seconds(42));
    }
    Span lasting(Fault fault) {
        const Span most = kind_of(fault).lasts_most;
        const Span least = many_and_short_ ? milliseconds(200) : seconds(2);
        return draws_.between(least, many_and_short_ ? std::min(most, seconds(8)) : most);
    }
    std::uint8_t some_replica() {
        return static_cast<std::uint8_t>(
            draws_.below(std::clamp<std::uint64_t>(wanted_, 1, World::size)));
    }
    Fault some_fault() {
        std::uint64_t sum = 0;
        for (const std::uint64_t weight : weights_)
            sum += weight;
        std::uint64_t at = draws_.below(sum);
        for (std::size_t i = 0; i < faults_count; ++i) {
            if (at < weights_[i]) return static_cast<Fault>(i);
            at -= weights_[i];
        }
        return Fault::kill_etcd;
    }

    void add(Span at) {
        const Fault fault = some_fault();
        if (loses(fault)) {
            if (losses_left_ == 0) return;
            --losses_left_;
        }
        Episode episode;
        episode.fault = fault;
        episode.at = at;
        fill_in(episode);
        if (episode.fault == Fault::scale) wanted_ = episode.number;
        // Some fall between two commands of a plan instead of at a time (3.4, cascades).
        if (draws_.chance(12) && fault != Fault::scale && fault != Fault::save) {
            episode.at = Span{};
            episode.command = 1 + static_cast<std::uint32_t>(draws_.below(1'000));
        }
        tape_.episodes.push_back(episode);
        if (draws_.chance(6)) lose_node(at);
    }

    // A node is gone with what it carried: its pod, its network, now and then its disk.
    void lose_node(Span at) {
        Episode episode;
        episode.at = at;
        episode.one = some_replica();
        episode.fault = Fault::hold;
        episode.lasts = lasting(Fault::hold);
        tape_.episodes.push_back(episode);
        if (losses_left_ == 0 || !draws_.chance(30)) return;
        --losses_left_;
        episode.fault = Fault::wipe;
        episode.lasts = Span{};
        tape_.episodes.push_back(episode);
    }

    void fill_in(Episode& episode) {
        static constexpr std::uint32_t sizes[] = {1, 3, 5, 2, 3, 4, 0, 3, 7};
        const FaultKind& kind = kind_of(episode.fault);
        episode.one = some_replica();
        episode.other = some_replica();
        if (episode.fault == Fault::scale)
            episode.number = sizes[draws_.below(std::size(sizes))];
        else if (kind.most > 0)
            episode.number =
                kind.least + static_cast<std::uint32_t>(draws_.below(kind.most - kind.least + 1));
        if (kind.shape == Shape::replica_release) {
            const auto& releases = simulated_versions();
            episode.number = number_of(releases[draws_.below(releases.size())]);
        }
        if (lasts(episode.fault)) episode.lasts = lasting(episode.fault);
        if (kind.shape == Shape::groups) split(episode);
        // What the text does not say is not there.
        if (kind.shape == Shape::none || kind.shape == Shape::number || kind.shape == Shape::groups)
            episode.one = 0;
        if (kind.shape != Shape::two) episode.other = 0;
    }

    // One alone, halves, or a bridge that hears both sides.
    void split(Episode& episode) {
        const std::uint32_t everybody = (1U << World::size) - 1;
        std::uint32_t left = 1U << some_replica();
        std::uint32_t bridge = 0;
        const std::uint64_t form = draws_.below(4);
        if (form == 0) left = 1 + static_cast<std::uint32_t>(draws_.below(everybody - 1));
        if (form == 1) bridge = (1U << some_replica()) & ~left;
        episode.left = static_cast<std::uint16_t>(left);
        episode.right = static_cast<std::uint16_t>(everybody & ~left & ~bridge);
    }

    Tape& tape_;
    Draws draws_;
    std::uint64_t wanted_;
    std::array<std::uint64_t, faults_count> weights_{};
    std::uint64_t losses_left_ = 0;
    bool many_and_short_ = false;
};

}  // namespace

const std::vector<Version>& simulated_versions() {
    static const std::vector<Version> versions = {{3, 4, 23}, {3, 5, 23}, {3, 5, 35},
                                                  {3, 6, 10}, {3, 6, 16}, {3, 7, 3}};
    return versions;
}

Tape draw_tape(const TapeOptions& options) {
    static constexpr std::uint32_t sizes[] = {3, 1, 3, 5, 3, 2, 3, 4, 7};
    Draws draws(options.seed + (1ULL << 63));
    Tape tape;
    tape.seed = options.seed;
    tape.replicas = sizes[draws.below(std::size(sizes))];
    if (options.replicas != 0) tape.replicas = options.replicas;
    tape.policy = draws.chance(33) ? PodManagement::ordered : PodManagement::parallel;
    tape.version = simulated_versions()[draws.below(simulated_versions().size())];
    if (options.version) tape.version = *options.version;
    tape.quick = draws.chance(75);
    tape.volumes = draws.chance(25) ? Retention::on_scale_delete : Retention::retain;
    tape.approves = draws.chance(50);
    tape.faults_end = Span{options.until.us * 6 / 10};
    Writer(options, tape).write(Span{options.until.us / 15}, tape.faults_end);
    return tape;
}

Config config_of(const Tape& tape) {
    Config config;
    config.seed = tape.seed;
    config.desired = Desired{tape.replicas, tape.policy};
    config.version = tape.version;
    if (tape.quick) config.policy = quick_policy();
    if (tape.quick) config.snapshot_count = quick_snapshot_count;
    config.volumes = tape.volumes;
    return config;
}

std::string text_of(const Tape& tape, const std::string& claim) {
    std::ostringstream text;
    text << "claim " << claim << "\ntape\nseed " << tape.seed << "\nversion "
         << to_text(tape.version) << "\npolicy " << (tape.quick ? "quick" : "default")
         << "\nvolumes " << (tape.volumes == Retention::retain ? "retain" : "delete")
         << "\nreplicas " << tape.replicas
         << (tape.policy == PodManagement::ordered ? " ordered\n" : " parallel\n");
    for (const Episode& episode : tape.episodes) {
        text << "at ";
        if (episode.command != 0)
            text << "command " << episode.command
                 << (episode.edge == Edge::after_release ? "" : " ")
                 << (episode.edge == Edge::after_release ? "" : name_of(episode.edge));
        else
            text << text_of(episode.at);
        text << ' ' << text_of(episode) << '\n';
    }
    text << "at " << text_of(tape.faults_end) << " conclude"
         << (tape.approves ? " approving\n" : "\n");
    return text.str();
}

namespace {

using Words = std::vector<std::string>;

// One line of a tape; empty: taken, else what is wrong with it.
class Reader {
  public:
    std::string take(const Words& words) {
        const std::string value = words.size() > 1 ? words[1] : "";
        if (words[0] == "at") return moment(words);
        if (words[0] == "tape")
            said_ = true;
        else if (words[0] == "seed")
            tape_.seed = std::strtoull(value.c_str(), nullptr, 10);
        else if (words[0] == "version")
            tape_.version = parse_version(value);
        else if (words[0] == "policy")
            tape_.quick = value != "default";
        else if (words[0] == "volumes")
            tape_.volumes = value == "delete" ? Retention::on_scale_delete : Retention::retain;
        else if (words[0] == "replicas") {
            tape_.replicas = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
            const bool ordered = words.size() > 2 && words[2] == "ordered";
            tape_.policy = ordered ? PodManagement::ordered : PodManagement::parallel;
        } else
            return "no line of a tape";
        return {};
    }
    bool whole() const { return said_ && ended_; }
    const Tape& tape() const { return tape_; }

  private:
    std::string moment(const Words& words) {
        if (words.size() < 3) return "at what time, and what?";
        const bool by_command = words[1] == "command";
        const auto at = by_command ? std::optional<Span>(Span{}) : parse_span(words[1]);
        if (!at) return "not a time: " + words[1];
        Words rest(words.begin() + (by_command ? 3 : 2), words.end());
        const auto edge = by_command && !rest.empty() ? parse_edge(rest[0]) : std::nullopt;
        if (edge) rest.erase(rest.begin());
        if (!rest.empty() && rest[0] == "conclude") {
            tape_.faults_end = *at;
            tape_.approves = rest.size() > 1 && rest[1] == "approving";
            ended_ = true;
            return {};
        }
        auto episode = parse_episode(rest);
        if (!episode) return "no such fault";
        episode->at = *at;
        episode->edge = edge.value_or(Edge::after_release);
        if (by_command)
            episode->command =
                static_cast<std::uint32_t>(std::strtoul(words[2].c_str(), nullptr, 10));
        tape_.episodes.push_back(*episode);
        return {};
    }

    Tape tape_;
    bool said_ = false;
    bool ended_ = false;
};

}  // namespace

std::optional<Tape> parse_tape(const std::string& text, std::string& why) {
    Reader reader;
    std::istringstream in(without_golden(text));
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        Words words;
        std::istringstream of(line.substr(0, line.find('#')));
        for (std::string word; of >> word;)
            words.push_back(word);
        if (words.empty() || words[0] == "claim") continue;
        const std::string wrong = reader.take(words);
        if (wrong.empty()) continue;
        why = "line " + std::to_string(number) + ": " + line + ": " + wrong;
        return std::nullopt;
    }
    if (reader.whole()) return reader.tape();
    why = "it says no \"tape\", or never concludes";
    return std::nullopt;
}

}  // namespace quorate::sim
