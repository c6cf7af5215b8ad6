#include "sim/shrink/shrink.hpp"

#include <algorithm>
#include <utility>

namespace quorate::sim {
namespace {

LifeOptions life_options(const ShrinkOptions& options) {
    return {.stop = Stop::at_the_first_violation, .core = options.core};
}

// That tape's life: from its beginning, or from a course that is also its own.
RunVerdict live(const Tape& tape, const Course* from, const ShrinkOptions& options,
                Checkpoints& beyond) {
    Course life = from != nullptr ? Course(*from) : Course(tape, life_options(options));
    if (from != nullptr) life.turn_to(tape);
    return sim::live(life, &beyond);
}

class Reducer {
  public:
    Reducer(Shrunk best, Checkpoints kept, const ShrinkOptions& options)
        : best_(std::move(best)),
          kept_(std::move(kept)),
          options_(options),
          signature_(best_.verdict.signature()) {}

    Shrunk reduce() {
        bool moved = true;
        while (moved && !used_up()) {
            const Tape before = best_.tape;
            drop_kinds();
            drop_episodes();
            shorten();
            simplify_world();
            simplify_episodes();
            moved = !(before == best_.tape);
        }
        best_.minimal = !used_up();
        return best_;
    }

  private:
    bool used_up() const { return best_.lives >= options_.lives_max; }
    std::vector<Episode>& episodes(Tape& tape) const { return tape.episodes; }

    // Keeps the candidate when it fails in the same way.
    bool keep(Tape candidate) {
        if (used_up() || candidate == best_.tape) return false;
        ++best_.lives;
        const Course* from = kept_.last_of(candidate);
        Checkpoints beyond = kept_.beyond(from);
        RunVerdict verdict = live(candidate, from, options_, beyond);
        if (from != nullptr) best_.spared = best_.spared + from->at();
        if (verdict.signature() != signature_) return false;
        kept_.follow(from, std::move(beyond));
        best_.tape = std::move(candidate);
        best_.verdict = std::move(verdict);
        return true;
    }
    template <class Change>
    bool with(Change change) {
        Tape candidate = best_.tape;
        change(candidate);
        return keep(std::move(candidate));
    }

    void drop_kinds() {
        for (std::size_t i = 0; i < faults_count; ++i) {
            const auto fault = static_cast<Fault>(i);
            const auto is = [&](const Episode& one) { return one.fault == fault; };
            const auto& all = best_.tape.episodes;
            if (std::none_of(all.begin(), all.end(), is)) continue;
            with([&](Tape& tape) { std::erase_if(tape.episodes, is); });
        }
    }

    // From the end backwards, since later ones depend on earlier ones: halves, quarters, ... ones.
    void drop_episodes() {
        for (std::size_t chunk = best_.tape.episodes.size() / 2; chunk > 0; chunk /= 2) {
            std::size_t end = best_.tape.episodes.size();
            while (end > 0) {
                const std::size_t begin = end > chunk ? end - chunk : 0;
                with([&](Tape& tape) {
                    tape.episodes.erase(tape.episodes.begin() + static_cast<std::ptrdiff_t>(begin),
                                        tape.episodes.begin() + static_cast<std::ptrdiff_t>(end));
                });
                end = begin;
            }
        }
    }

    // The faults end soon after the last of them, and nothing happens long before the first.
    void shorten() {
        Span last;
        for (const Episode& one : best_.tape.episodes)
            last = std::max(last, one.at);
        for (const Span more : {seconds(1), seconds(5), seconds(20), seconds(60)})
            if (last + more < best_.tape.faults_end &&
                with([&](Tape& tape) { tape.faults_end = last + more; }))
                break;
        for (std::size_t i = 0; i < best_.tape.episodes.size(); ++i)
            for (const Span less : {seconds(60), seconds(20), seconds(5), seconds(1)})
                while (bring_forward(i, less)) {
                }
    }
    // Everything from episode `i` on happens so much earlier.
    bool bring_forward(std::size_t i, Span less) {
        const Episode& first = best_.tape.episodes[i];
        const Span before = i == 0 ? Span{} : best_.tape.episodes[i - 1].at;
        if (first.command != 0 || first.at < before + less) return false;
        return with([&](Tape& tape) {
            for (std::size_t j = i; j < tape.episodes.size(); ++j)
                if (tape.episodes[j].command == 0)
                    tape.episodes[j].at = Span{tape.episodes[j].at.us - less.us};
            tape.faults_end = Span{tape.faults_end.us - less.us};
        });
    }

    void simplify_world() {
        for (const std::uint32_t fewer : {1U, 2U, 3U, 5U})
            if (fewer < best_.tape.replicas && with([&](Tape& tape) { tape.replicas = fewer; }))
                break;
        with([](Tape& tape) { tape.policy = PodManagement::parallel; });
        with([](Tape& tape) { tape.volumes = Retention::retain; });
        with([](Tape& tape) { tape.quick = true; });
        with([](Tape& tape) { tape.approves = false; });
        with([](Tape& tape) { tape.version = simulated_versions()[2]; });
    }

    void simplify_episodes() {
        for (std::size_t i = 0; i < best_.tape.episodes.size(); ++i) {
            const auto change = [&](auto what) {
                with([&](Tape& tape) { what(tape.episodes[i]); });
            };
            const Episode one = best_.tape.episodes[i];
            const FaultKind& kind = kind_of(one.fault);
            // A time is easier to read than the number of a command.
            if (one.command != 0) continue;
            if (one.lasts.us > 0) {
                change([](Episode& e) { e.lasts = seconds(1); });
                change([](Episode& e) { e.lasts = seconds(10); });
                change([](Episode& e) { e.lasts = Span{}; });
                change([](Episode& e) { e.lasts = rounded(e.lasts); });
            }
            change([](Episode& e) { e.at = rounded(e.at); });
            if (kind.shape == Shape::number || kind.shape == Shape::replica_number)
                if (one.fault != Fault::scale) change([&](Episode& e) { e.number = kind.least; });
            if (kind.shape == Shape::groups)
                for (std::uint32_t o = 0; o < World::size; ++o)
                    change([&](Episode& e) {
                        const std::uint32_t everybody = (1U << World::size) - 1;
                        if ((e.left & (e.left - 1)) == 0) return;  // one alone already
                        e.left = static_cast<std::uint16_t>(1U << o);
                        e.right = static_cast<std::uint16_t>(everybody & ~(1U << o));
                    });
        }
    }
    static Span rounded(Span span) {
        const std::int64_t to = span.us > 1'000'000 ? 1'000'000 : 100'000;
        return Span{std::max(to, span.us / to * to)};
    }

    Shrunk best_;
    Checkpoints kept_;  // of the life of the best tape
    const ShrinkOptions& options_;
    std::string signature_;
};

}  // namespace

std::optional<Shrunk> shrink(const Tape& tape, const ShrinkOptions& options) {
    Shrunk first;
    first.tape = tape;
    Checkpoints kept(options.checkpoints);
    first.verdict = live(tape, nullptr, options, kept);
    first.lives = 2;
    if (first.verdict.good() ||
        run_tape(tape, life_options(options)).digest != first.verdict.digest)
        return std::nullopt;
    return Reducer(std::move(first), std::move(kept), options).reduce();
}

}  // namespace quorate::sim
