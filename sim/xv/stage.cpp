#include "sim/xv/stage.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace quorate::sim::xv {
namespace {

constexpr MemberId nobody{17};
constexpr std::uint8_t names = 9;
constexpr Span look_again = milliseconds(50);
constexpr Span patience = seconds(60);  // for what is sure to come, on a slow machine too
constexpr Span settling = seconds(60);  // for a member that may never answer: it is told as it is

std::string letter(std::uint8_t o) { return std::string(1, static_cast<char>('a' + o)); }

std::optional<std::uint8_t> ordinal_of(const std::string& word) {
    if (word.size() != 1 || word[0] < 'a' || word[0] >= 'a' + names) return std::nullopt;
    return static_cast<std::uint8_t>(word[0] - 'a');
}

std::optional<std::uint64_t> number_in(const std::string& word) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return number;
}

std::optional<Span> span_in(const std::string& word) {
    const std::size_t unit = word.find_first_not_of("0123456789");
    const auto number = number_in(word.substr(0, unit));
    if (!number || unit == std::string::npos) return std::nullopt;
    if (word.substr(unit) == "ms") return milliseconds(static_cast<std::int64_t>(*number));
    if (word.substr(unit) == "s") return seconds(static_cast<std::int64_t>(*number));
    return std::nullopt;
}

struct DamageName {
    const char* name;
    Damage kind;
};
constexpr std::array damage_names = {
    DamageName{"wal-bit", Damage::wal_bit},
    DamageName{"wal-last-bit", Damage::wal_last_bit},
    DamageName{"wal-last-half", Damage::wal_last_half},
    DamageName{"wal-last-sector", Damage::wal_last_sector},
    DamageName{"wal-cut", Damage::wal_cut},
    DamageName{"wal-lost", Damage::wal_lost},
    DamageName{"restore-killed", Damage::restore_killed},
    DamageName{"db-value", Damage::db_value},
    DamageName{"db-half", Damage::db_half},
    DamageName{"db-pages", Damage::db_pages},
    DamageName{"db-lost", Damage::db_lost},
    DamageName{"snap-lost", Damage::snap_lost},
};

class Stage {
  public:
    explicit Stage(Side& side) : side_(side) {}

    const std::string& fault() const { return fault_; }
    bool is_void() const { return void_; }

    std::string perform(const Step& step) {
        if (step.until.empty()) return once(step.words);
        const Instant end = side_.now() + patience;
        std::string outcome = once(step.words);
        while (!ends_so(step.until, outcome) && side_.now() < end && fault_.empty()) {
            side_.pass(look_again);
            outcome = once(step.words);
        }
        return outcome;
    }

  private:
    using Words = std::vector<std::string>;

    // "corrupt c or corrupt nobody"
    static bool ends_so(const std::string& until, const std::string& outcome) {
        for (std::size_t begin = 0; begin <= until.size();) {
            const std::size_t end = std::min(until.find(" or ", begin), until.size());
            if (until.substr(begin, end - begin) == outcome) return true;
            begin = end + 4;
        }
        return false;
    }

    void fail(const std::string& why) {
        if (fault_.empty()) fault_ = why;
    }

    // The member that a word names; a scenario that names none cannot be played.
    std::uint8_t member(const Words& words, std::size_t at) {
        const auto o = at < words.size() ? ordinal_of(words[at]) : std::nullopt;
        if (!o) fail("word " + std::to_string(at + 1) + " wants to be a member, a to i");
        return o.value_or(0);
    }
    Ordinals members(const Words& words, std::size_t from) {
        Ordinals list;
        for (std::size_t at = from; at < words.size(); ++at)
            list.push_back(member(words, at));
        if (list.empty()) fail("no member is named");
        return list;
    }
    std::uint64_t number(const Words& words, std::size_t at) {
        const auto n = at < words.size() ? number_in(words[at]) : std::nullopt;
        if (!n) fail("word " + std::to_string(at + 1) + " wants to be a number");
        return n.value_or(0);
    }
    MemberId id_of(const Words& words, std::size_t at) {
        if (at < words.size() && words[at] == "nobody") return nobody;
        return ids_[member(words, at)];
    }

    std::string once(const Words& words) {
        const std::string& verb = words[0];
        if (verb == "put" || verb == "get" || verb == "fill" || verb == "compact" ||
            verb == "defrag")
            return content_call(words);
        if (verb == "add-learner" || verb == "add-voter" || verb == "promote" || verb == "remove" ||
            verb == "move-leader")
            return member_call(words);
        if (verb == "table") return table(member(words, 1));
        if (verb == "state") return states(members(words, 1));
        if (verb == "leader") return leader(member(words, 1));
        if (verb == "content") return content(members(words, 1));
        if (verb == "alarms")
            return alarms(member(words, 1), words.size() == 3 && words[2] == "kinds");
        if (verb == "disarm") return disarm(member(words, 1));
        if (verb == "start" || verb == "found") return start(members(words, 1), verb == "found");
        disturb(words);
        return {};
    }

    // --- What is done to them -------------------------------------------------------------------

    void disturb(const Words& words) {
        const std::string& verb = words[0];
        if (verb == "boot") return boot(members(words, 1));
        if (verb == "set") return set(words);
        if (verb == "lead") return lead(member(words, 1));
        if (verb == "note-term") return note_term(member(words, 1));
        if (verb == "reach-term") return reach_term(member(words, 1));
        if (verb == "heal") return side_.heal();
        if (verb == "partition") return partition(words);
        if (verb == "hold") {
            const auto span = words.size() == 2 ? span_in(words[1]) : std::nullopt;
            return span ? side_.pass(*span) : fail("hold wants a time");
        }
        if (verb == "damage") return damage(words);
        if (verb == "copy") {
            const std::uint8_t to = member(words, 2);
            if (fault_.empty()) side_.copy(member(words, 1), to);
            return;
        }
        for (const std::uint8_t o : members(words, 1))
            if (fault_.empty()) disturb_one(verb, o);
    }

    void disturb_one(const std::string& verb, std::uint8_t o) {
        if (verb == "kill" || verb == "stop") {
            verb == "kill" ? side_.kill(o) : side_.stop(o);
            lives_[o] = Life::down;
        } else if (verb == "pause" || verb == "resume") {
            side_.pause(o, verb == "pause");
            lives_[o] = verb == "pause" ? Life::paused : Life::runs;
        } else if (verb == "wipe") {
            side_.wipe(o);
        } else if (verb == "save") {
            side_.save(o);
        } else if (verb == "restore") {
            side_.restore(o);
        }
    }

    void damage(const Words& words) {
        const std::uint8_t o = member(words, 1);
        for (const DamageName& row : damage_names)
            if (words.size() == 3 && words[2] == row.name) return side_.damage(o, row.kind);
        fail("no such damage");
    }

    void set(const Words& words) {
        const std::string what = words.size() == 3 ? words[1] : "";
        const std::string value = words.size() == 3 ? words[2] : "";
        if (what == "strict") return void(flags_.strict = value != "off");
        if (what == "initial-check") return void(flags_.initial_check = value == "on");
        if (what == "corrupt-check" && span_in(value))
            return void(flags_.corrupt_check = *span_in(value));
        if (what == "compact-check" && span_in(value))
            return void(flags_.compact_check = *span_in(value));
        if (what == "snapshot-count")
            return void(flags_.snapshot_count = static_cast<std::uint32_t>(number(words, 2)));
        if (what == "quota")
            return void(flags_.quota_mib = static_cast<std::uint32_t>(number(words, 2)));
        fail("no such flag");
    }

    void partition(const Words& words) {
        std::vector<Ordinals> groups(1);
        for (std::size_t at = 1; at < words.size(); ++at)
            if (words[at] == "|")
                groups.emplace_back();
            else
                groups.back().push_back(member(words, at));
        if (fault_.empty()) side_.partition(groups);
    }

    bool eventually(const std::function<bool()>& condition) {
        const Instant end = side_.now() + patience;
        while (!condition()) {
            if (side_.now() >= end || !fault_.empty()) return false;
            side_.pass(look_again);
        }
        return true;
    }

    void launch(const Ordinals& who, bool founding) {
        Start how{listed_, founding, flags_};
        for (const std::uint8_t o : who)
            if (std::find(how.listed.begin(), how.listed.end(), o) == how.listed.end())
                how.listed.push_back(o);
        std::sort(how.listed.begin(), how.listed.end());
        for (const std::uint8_t o : who) {
            side_.start(o, how);
            lives_[o] = Life::runs;
        }
    }

    void boot(const Ordinals& founders) {
        if (!fault_.empty()) return;
        listed_ = founders;
        launch(founders, true);
        for (const std::uint8_t o : founders)
            if (!eventually([&] { return state(o) == "serves"; }))
                return fail(letter(o) + " does not serve: " + state(o));
        learn_ids(founders.front());
        lead(founders.front());
    }

    // Ids as members were listed last: one that was removed keeps the one it had.
    void learn_ids(std::uint8_t via) {
        const auto rows = side_.members(via);
        if (!rows) return;
        for (const Row& row : *rows)
            if (row.url) ids_[*row.url] = row.id;
    }

    void lead(std::uint8_t wanted) {
        const bool leads = eventually([&] {
            for (const auto& [o, life] : lives_) {
                if (life != Life::runs || side_.ended(o)) continue;
                const MemberStatus status = side_.status(o);
                if (!status.answers || status.leader != status.member_id) continue;
                if (o == wanted) return all_know(status.leader);
                (void)side_.move_leader(o, ids_[wanted]);
            }
            return false;
        });
        if (!leads) fail(letter(wanted) + " does not come to lead");
    }

    void note_term(std::uint8_t via) {
        if (!fault_.empty()) return;
        term_ = side_.status(via).term;
        if (term_ == Term{}) fail(letter(via) + " tells no term");
    }

    // Each new leader is one of a new term, and nobody can go back.
    void reach_term(std::uint8_t via) {
        while (fault_.empty() && side_.status(via).term != term_) {
            const MemberStatus status = side_.status(via);
            if (status.term > term_) {
                void_ = true;
                return fail(letter(via) + " is in a later term than was noted");
            }
            const auto next = std::find_if(lives_.begin(), lives_.end(), [&](const auto& one) {
                return one.second == Life::runs && !side_.ended(one.first) &&
                       ids_[one.first] != status.leader;
            });
            if (next == lives_.end()) return fail("nobody else can lead");
            lead(next->first);
        }
    }

    bool all_know(MemberId leader) {
        return std::all_of(lives_.begin(), lives_.end(), [&](const auto& one) {
            return one.second != Life::runs || side_.ended(one.first) ||
                   side_.status(one.first).leader == leader;
        });
    }

    std::string start(const Ordinals& who, bool founding) {
        if (!fault_.empty()) return {};
        launch(who, founding);
        std::string text;
        const Instant end = side_.now() + settling;
        for (const std::uint8_t o : who) {
            std::string now = state(o);
            while ((now == "starting" || now == "up") && side_.now() < end) {
                side_.pass(look_again);
                now = state(o);
            }
            text += (text.empty() ? "" : ", ") + (who.size() == 1 ? now : letter(o) + " " + now);
        }
        return text;
    }

    // --- What is asked of them ------------------------------------------------------------------

    std::string member_call(const Words& words) {
        const std::string& verb = words[0];
        const std::uint8_t via = member(words, 1);
        if (verb == "add-learner" || verb == "add-voter") {
            const std::uint8_t o = member(words, 2);
            if (!fault_.empty()) return {};
            const Reply reply = side_.add(via, o, verb == "add-learner");
            if (std::holds_alternative<Done>(reply)) {
                listed_.push_back(o);
                learn_ids(via);
            }
            return token_of(reply);
        }
        const MemberId id = id_of(words, 2);
        if (!fault_.empty()) return {};
        if (verb == "promote") return token_of(side_.promote(via, id));
        if (verb == "move-leader") return token_of(side_.move_leader(via, id));
        const Reply reply = side_.remove(via, id);
        if (std::holds_alternative<Done>(reply)) std::erase(listed_, member(words, 2));
        return token_of(reply);
    }

    std::string content_call(const Words& words) {
        const std::string& verb = words[0];
        const std::uint8_t via = member(words, 1);
        const std::uint64_t n = verb == "put"   ? number(words, 2)
                                : verb == "get" ? number(words, 3)
                                                : 0;
        if (!fault_.empty()) return {};
        if (verb == "compact") return token_of(side_.compact(via));
        if (verb == "defrag") return token_of(side_.defrag(via));
        if (verb == "fill") return token_of(side_.fill(via));
        if (verb == "get") return get(via, words[2] == "lin", n);
        for (std::uint64_t i = 0; i < n; ++i) {
            const Reply reply = side_.put(via, ++written_);
            if (!std::holds_alternative<Done>(reply)) return token_of(reply);
        }
        return "ok";
    }

    std::string get(std::uint8_t via, bool linearizable, std::uint64_t n) {
        const auto answer = side_.get(via, linearizable, n);
        if (const auto* value = std::get_if<Value>(&answer))
            return *value == Value::right ? "right" : *value == Value::wrong ? "wrong" : "missing";
        if (const auto* refused = std::get_if<Refused>(&answer)) return token_of(Reply{*refused});
        return token_of(Reply{std::get<Unknown>(answer)});
    }

    std::string name_of(std::optional<std::uint8_t> o) { return o ? letter(*o) : "?"; }

    std::string table(std::uint8_t via) {
        const auto rows = side_.members(via);
        if (!rows) return "no answer";
        std::vector<std::string> lines;
        for (const Row& row : *rows) {
            std::string line = name_of(row.url);
            line += row.learner ? " learner" : " voter";
            if (!row.name) line += " unstarted";
            if (row.name && row.name != row.url) line += " named " + letter(*row.name);
            lines.push_back(line);
        }
        std::sort(lines.begin(), lines.end());
        std::string text;
        for (const std::string& line : lines)
            text += (text.empty() ? "" : ", ") + line;
        return text;
    }

    std::string state(std::uint8_t o) {
        if (lives_.count(o) == 0 || lives_[o] == Life::down) return "down";
        if (lives_[o] == Life::paused) return "paused";
        if (const auto why = side_.ended(o)) return "dead " + token_of(*why);
        const MemberStatus status = side_.status(o);
        if (!status.answers) {
            const auto why = side_.ended(o);  // perhaps while it was asked
            return why ? "dead " + token_of(*why) : "starting";
        }
        return status.serves ? "serves" : status.learner ? "learner" : "up";
    }

    std::string states(const Ordinals& who) {
        std::string text;
        for (const std::uint8_t o : who)
            text += (text.empty() ? "" : ", ") +
                    (who.size() == 1 ? state(o) : letter(o) + " " + state(o));
        return text;
    }

    std::string leader(std::uint8_t via) {
        const MemberStatus status = side_.status(via);
        if (!status.answers) return "no answer";
        for (const auto& [o, id] : ids_)
            if (id == status.leader) return letter(o);
        return status.leader.value == 0 ? "none" : "?";
    }

    std::string content(const Ordinals& who) {
        std::map<std::uint8_t, std::int64_t> revisions;
        std::int64_t lowest = 0;
        for (const std::uint8_t o : who)
            if (const auto now = side_.hash(o, Revision{0})) {
                revisions[o] = now->revision.value;
                lowest = revisions.size() == 1 ? now->revision.value
                                               : std::min(lowest, now->revision.value);
            }
        std::vector<std::pair<std::uint32_t, std::string>> groups;
        std::string silent;
        for (const std::uint8_t o : who) {
            const auto hash =
                revisions.count(o) != 0 ? side_.hash(o, Revision{lowest}) : std::nullopt;
            if (!hash) {
                silent += " | " + letter(o) + ":none";
                continue;
            }
            const std::string text = letter(o) + ":" + std::to_string(revisions[o]);
            const auto same = std::find_if(groups.begin(), groups.end(),
                                           [&](const auto& g) { return g.first == hash->hash; });
            if (same == groups.end())
                groups.emplace_back(hash->hash, text);
            else
                same->second += "=" + text;
        }
        std::string text;
        for (const auto& [hash, group] : groups)
            text += (text.empty() ? "" : " | ") + group;
        return text.empty() ? silent.substr(std::min<std::size_t>(3, silent.size()))
                            : text + silent;
    }

    std::string alarms(std::uint8_t via, bool kinds) {
        std::vector<std::string> said;
        for (const AlarmRow& alarm : side_.alarms(via)) {
            std::string who = alarm.id.value == 0 ? "nobody" : "?";
            for (const auto& [o, id] : ids_)
                if (id == alarm.id) who = letter(o);
            const std::string kind = alarm.corrupt ? "corrupt" : "no-space";
            said.push_back(kinds ? kind : kind + " " + who);
        }
        std::sort(said.begin(), said.end());
        said.erase(std::unique(said.begin(), said.end()), said.end());
        std::string text;
        for (const std::string& one : said)
            text += (text.empty() ? "" : ", ") + one;
        return text.empty() ? "none" : text;
    }

    std::string disarm(std::uint8_t via) {
        for (const AlarmRow& alarm : side_.alarms(via)) {
            const Reply reply = side_.disarm(via, alarm);
            if (!std::holds_alternative<Done>(reply)) return token_of(reply);
        }
        return "ok";
    }

    enum class Life { down, runs, paused };

    Side& side_;
    std::string fault_;
    Flags flags_;
    Ordinals listed_;
    std::map<std::uint8_t, Life> lives_;
    std::map<std::uint8_t, MemberId> ids_;
    std::uint64_t written_ = 0;
    Term term_;  // that was noted
    bool void_ = false;
};

}  // namespace

Played play(const Scenario& scenario, Side& side, const Told& told) {
    Played played;
    played.fault = scenario.fault;
    if (!played.fault.empty()) return played;
    Stage stage(side);
    for (const Step& step : scenario.steps) {
        std::string outcome = stage.perform(step);
        if (!stage.fault().empty()) {
            played.fault =
                "line " + std::to_string(step.line) + ": " + step.text() + ": " + stage.fault();
            played.is_void = stage.is_void();
            return played;
        }
        if (told) told(step.text() + (outcome.empty() ? "" : " -> " + outcome));
        if (step.observes()) played.trace.push_back(std::move(outcome));
    }
    return played;
}

}  // namespace quorate::sim::xv
