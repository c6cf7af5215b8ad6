#include "sim/xv/scenario.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>
#include <string_view>

#include "core/rules/etcd_versions.hpp"

namespace quorate::sim::xv {
namespace {

constexpr std::array observing = {
    std::string_view{"start"},       std::string_view{"found"},   std::string_view{"add-learner"},
    std::string_view{"add-voter"},   std::string_view{"promote"}, std::string_view{"remove"},
    std::string_view{"move-leader"}, std::string_view{"put"},     std::string_view{"get"},
    std::string_view{"table"},       std::string_view{"state"},   std::string_view{"leader"},
    std::string_view{"content"},     std::string_view{"alarms"},  std::string_view{"disarm"},
    std::string_view{"compact"},     std::string_view{"defrag"},  std::string_view{"fill"},
};
constexpr std::array silent = {
    std::string_view{"set"},       std::string_view{"boot"},       std::string_view{"kill"},
    std::string_view{"stop"},      std::string_view{"pause"},      std::string_view{"resume"},
    std::string_view{"wipe"},      std::string_view{"copy"},       std::string_view{"save"},
    std::string_view{"restore"},   std::string_view{"damage"},     std::string_view{"partition"},
    std::string_view{"heal"},      std::string_view{"hold"},       std::string_view{"lead"},
    std::string_view{"note-term"}, std::string_view{"reach-term"},
};

constexpr const char* left_to_the_model = "any";

template <class Table>
bool among(const Table& table, const std::string& word) {
    return std::find(table.begin(), table.end(), word) != table.end();
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

std::string joined(const std::vector<std::string>& words, std::size_t from, std::size_t to) {
    std::string text;
    for (std::size_t i = from; i < to; ++i)
        text += (i == from ? "" : " ") + words[i];
    return text;
}

// "on 3.4 3.5.23: text", or the text alone.
Releases take_releases(std::string& text) {
    Releases releases;
    if (!text.starts_with("on ")) return releases;
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) return releases;
    releases.items = words_of(text.substr(3, colon - 3));
    const std::size_t begin = text.find_first_not_of(' ', colon + 1);
    text = begin == std::string::npos ? "" : text.substr(begin);
    return releases;
}

bool is_golden(const std::vector<std::string>& words) { return !words.empty() && words[0] == "="; }
bool is_comment(const std::vector<std::string>& words) {
    return words.empty() || words[0].starts_with("#");
}

class Parser {
  public:
    explicit Parser(Scenario& scenario) : scenario_(scenario) {}

    std::string take(std::size_t number, const std::string& line) {
        const std::vector<std::string> words = words_of(line);
        if (is_comment(words)) return {};
        const std::string rest = joined(words, 1, words.size());
        if (scenario_.claim.empty() && words[0] != "claim") return "the first line is the claim";
        if (words[0] == "claim") {
            scenario_.claim = rest;
        } else if (words[0] == "source") {
            scenario_.source = rest;
        } else if (words[0] == "real-only") {
            std::string reason = rest;
            Releases on = take_releases(reason);
            if (reason.empty()) return "real-only wants the reason";
            scenario_.real_only.push_back({std::move(on), reason});
        } else if (is_golden(words)) {
            return golden(rest);
        } else {
            return step(number, words);
        }
        return {};
    }

  private:
    std::string golden(std::string rest) {
        if (scenario_.steps.empty() || !scenario_.steps.back().observes())
            return "the line before has no outcome to compare";
        Releases on = take_releases(rest);
        if (rest.empty()) return "an outcome is missing";
        scenario_.steps.back().expected.push_back({std::move(on), rest});
        return {};
    }

    std::string step(std::size_t number, const std::vector<std::string>& words) {
        if (!among(observing, words[0]) && !among(silent, words[0])) return "unknown step";
        const auto until = std::find(words.begin(), words.end(), "until");
        Step step;
        step.line = number;
        step.words.assign(words.begin(), until);
        if (until != words.end())
            step.until =
                joined(words, static_cast<std::size_t>(until - words.begin()) + 1, words.size());
        scenario_.steps.push_back(std::move(step));
        return {};
    }

    Scenario& scenario_;
};

using Outcomes = std::map<std::string, std::vector<Version>>;

// "on 3.4 3.5.23: " for those of all releases; nothing when it is all of them.
std::string range_of(const std::vector<Version>& some, const std::vector<Version>& all) {
    if (some.size() == all.size()) return {};
    const auto same_line = [](Version a, Version b) {
        return a.major == b.major && a.minor == b.minor;
    };
    std::string text = "on";
    std::set<std::string> said;
    for (const Version version : some) {
        const auto of_line = [&](Version other) { return same_line(version, other); };
        const bool whole = std::count_if(some.begin(), some.end(), of_line) ==
                           std::count_if(all.begin(), all.end(), of_line);
        const std::string item =
            whole ? std::to_string(version.major) + "." + std::to_string(version.minor)
                  : to_text(version);
        if (said.insert(item).second) text += " " + item;
    }
    return text + ": ";
}

std::string golden_lines(const std::vector<Seen>& seen, std::size_t index) {
    std::vector<Version> all;
    Outcomes outcomes;
    for (const Seen& one : seen) {
        if (std::find(all.begin(), all.end(), one.version) == all.end()) all.push_back(one.version);
        std::vector<Version>& of = outcomes[index < one.trace.size() ? one.trace[index] : "?"];
        if (std::find(of.begin(), of.end(), one.version) == of.end()) of.push_back(one.version);
    }
    std::sort(all.begin(), all.end());
    std::vector<std::pair<std::vector<Version>, std::string>> lines;
    for (auto& [outcome, versions] : outcomes) {
        std::sort(versions.begin(), versions.end());
        lines.emplace_back(versions, outcome);
    }
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const auto& [versions, outcome] : lines)
        text += "  = " + range_of(versions, all) + outcome + "\n";
    return text;
}

}  // namespace

bool Releases::cover(Version version) const {
    if (items.empty()) return true;
    const std::string line = std::to_string(version.major) + "." + std::to_string(version.minor);
    return among(items, line) || among(items, to_text(version));
}

std::string Step::text() const { return joined(words, 0, words.size()); }

bool Step::observes() const { return among(observing, words[0]); }

const RealOnly* Scenario::exempt(Version version) const {
    for (const RealOnly& one : real_only)
        if (one.on.cover(version)) return &one;
    return nullptr;
}

Scenario parse(std::string name, const std::string& text) {
    Scenario scenario;
    scenario.name = std::move(name);
    Parser parser(scenario);
    std::istringstream in(text);
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        const std::string fault = parser.take(number, line);
        if (fault.empty()) continue;
        scenario.fault = "line " + std::to_string(number) + ": " + line + ": " + fault;
        return scenario;
    }
    if (scenario.steps.empty()) scenario.fault = "there is no step in it";
    return scenario;
}

namespace {

struct Contradicted {
    const Step* step = nullptr;  // null: none is
    std::string outcome;
    std::string wanted;
};

Contradicted first_contradicted(const Scenario& scenario, Version version, const Trace& trace) {
    std::size_t index = 0;
    for (const Step& step : scenario.steps) {
        if (!step.observes()) continue;
        const std::string outcome = index < trace.size() ? trace[index] : "nothing";
        ++index;
        std::string wanted;
        for (const Expected& expected : step.expected) {
            if (!expected.on.cover(version)) continue;
            if (expected.outcome == outcome || expected.outcome == left_to_the_model) {
                wanted.clear();
                break;
            }
            wanted += (wanted.empty() ? "\"" : " or \"") + expected.outcome + "\"";
        }
        const bool told = std::any_of(step.expected.begin(), step.expected.end(),
                                      [&](const Expected& e) { return e.on.cover(version); });
        if (told && wanted.empty()) continue;
        return {&step, outcome, told ? wanted : "nothing"};
    }
    return {};
}

}  // namespace

std::string contradiction(const Scenario& scenario, Version version, const Trace& trace) {
    const Contradicted at = first_contradicted(scenario, version, trace);
    if (at.step == nullptr) return {};
    return "line " + std::to_string(at.step->line) + ": " + at.step->text() + ": \"" + at.outcome +
           "\"; the file says " + at.wanted;
}

bool went_unanswered(const Scenario& scenario, Version version, const Trace& trace) {
    return first_contradicted(scenario, version, trace).outcome == "timeout";
}

std::string rewritten(const std::string& text, const std::vector<Seen>& seen) {
    std::istringstream in(text);
    std::string made;
    std::string golden;  // of the step before; made when it ends
    std::size_t index = 0;
    for (std::string line; std::getline(in, line);) {
        const std::vector<std::string> words = words_of(line);
        if (is_golden(words)) {
            if (words.back() == left_to_the_model) golden = line + "\n";
            continue;
        }
        made += golden + line + "\n";
        golden.clear();
        if (!is_comment(words) && among(observing, words[0])) golden = golden_lines(seen, index++);
    }
    return made + golden;
}

}  // namespace quorate::sim::xv
