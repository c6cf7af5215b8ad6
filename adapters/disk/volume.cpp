#include "adapters/disk/volume.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>

#include "adapters/disk/examine.hpp"
#include "adapters/disk/file.hpp"
#include "adapters/disk/identity.hpp"

namespace quorate::disk {
namespace fs = std::filesystem;
namespace chrono = std::chrono;
namespace {

constexpr std::size_t reason_size_max = 64;
constexpr int same_name_max = 1000;  // directories set aside for one reason within one second

// A directory that is being deleted carries this at its end, so that nobody takes the rest of it
// for a whole one after a crash.
constexpr std::string_view doomed_suffix = ".deleting";

fs::path data_directory_of(const Volume& volume) { return volume.root / "etcd"; }
fs::path set_aside_of(const Volume& volume) { return volume.root / "set-aside"; }

bool valid_reason(std::string_view reason) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !reason.empty() && reason.size() <= reason_size_max &&
           std::all_of(reason.begin(), reason.end(), allowed);
}

// 20261121T074657Z
std::string stamp_of(Instant at) {
    const chrono::sys_time<chrono::microseconds> time{chrono::microseconds(at.us)};
    const auto day = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date(day);
    const chrono::hh_mm_ss clock(chrono::floor<chrono::seconds>(time - day));
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return text.data();
}

template <class Number>
bool take_digits(std::string_view& text, std::size_t count, Number& number) {
    if (text.size() < count) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + count, number);
    if (error != std::errc() || end != text.data() + count) return false;
    text.remove_prefix(count);
    return true;
}

bool take_letter(std::string_view& text, char letter) {
    if (text.empty() || text.front() != letter) return false;
    text.remove_prefix(1);
    return true;
}

// The time in a name that set_aside() made.
std::optional<Instant> time_in(std::string_view name) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    const bool formed =
        take_digits(name, 4, year) && take_digits(name, 2, month) && take_digits(name, 2, day) &&
        take_letter(name, 'T') && take_digits(name, 2, hour) && take_digits(name, 2, minute) &&
        take_digits(name, 2, second) && take_letter(name, 'Z') && take_letter(name, '-');
    if (!formed || !valid_reason(name.substr(0, reason_size_max))) return std::nullopt;
    const chrono::year_month_day date{chrono::year(year), chrono::month(month), chrono::day(day)};
    if (!date.ok()) return std::nullopt;
    const auto time = chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) +
                      chrono::seconds(second);
    return Instant{chrono::duration_cast<chrono::microseconds>(time.time_since_epoch()).count()};
}

Result<void> move_durably(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename", errno, from);
    if (auto synced = sync(to.parent_path()); !synced) return synced;
    return sync(from.parent_path());
}

Result<std::string> free_name(const fs::path& directory, const SetAside& how) {
    const std::string name = stamp_of(how.at) + "-" + how.reason;
    if (!present(directory / name)) return name;
    for (int i = 2; i <= same_name_max; ++i) {
        std::string numbered = name + "-" + std::to_string(i);
        if (!present(directory / numbered)) return numbered;
    }
    return refused("too much was set aside in one second for one reason; look at why",
                   (directory / name).string());
}

Result<void> refuse_in_use(const fs::path& data_directory) {
    auto in_use = db_in_use(data_directory);
    if (!in_use) return tl::unexpected(in_use.error());
    if (*in_use) {
        return refused("the data directory is in use; stop the etcd that runs on it",
                       data_directory.string());
    }
    return {};
}

Result<void> stamp_identity(const Volume& volume, const VolumeIdentity& identity) {
    const fs::path path = volume.root / "identity";
    if (!valid_lineage(identity.lineage)) {
        return refused("a lineage is 1 to 64 letters, digits and dashes, not \"" +
                           identity.lineage.value + "\"",
                       path.string());
    }
    if (auto made = make_directory(volume.root); !made) return made;
    return write_atomically(path, identity_text(identity));
}

// Before the data goes, so that a crash in between leaves both: an empty volume under a start that
// wrote something must not look like one that never did.
Result<void> note_data_seen(const Volume& volume) {
    const fs::path path = volume.root / "identity";
    if (!present(path)) return {};
    const auto text = read_whole(path, identity_size_max);
    if (!text && text.error().kind != FailureKind::refused) return tl::unexpected(text.error());
    auto identity = text ? parse_identity(*text) : std::nullopt;
    if (!identity || identity->data_seen) return {};
    identity->data_seen = true;
    return stamp_identity(volume, *identity);
}

Result<std::string> set_aside_stopped(const Volume& volume, const SetAside& how) {
    const fs::path data_directory = data_directory_of(volume);
    if (!valid_reason(how.reason)) {
        return refused("a reason is 1 to 64 of a-z, 0-9 and dashes, not \"" + how.reason + "\"",
                       data_directory.string());
    }
    if (!present(data_directory)) return std::string();
    if (auto stopped = refuse_in_use(data_directory); !stopped) {
        return tl::unexpected(stopped.error());
    }
    if (auto noted = note_data_seen(volume); !noted) return tl::unexpected(noted.error());
    const fs::path directory = set_aside_of(volume);
    if (auto made = make_directory(directory); !made) return tl::unexpected(made.error());
    auto name = free_name(directory, how);
    if (!name) return name;
    if (auto moved = move_durably(data_directory, directory / *name); !moved) {
        return tl::unexpected(moved.error());
    }
    return name;
}

struct Kept {
    std::string name;
    Instant at;
};

// Newest first. Within one second by name, shorter first, so that -10 is newer than -2.
bool newer(const Kept& a, const Kept& b) {
    if (a.at != b.at) return a.at > b.at;
    if (a.name.size() != b.name.size()) return a.name.size() > b.name.size();
    return a.name > b.name;
}

Result<std::vector<Kept>> list_set_aside(const fs::path& directory) {
    auto names = names_in(directory);
    if (!names) return tl::unexpected(names.error());
    std::vector<Kept> kept;
    for (std::string& name : *names) {
        if (const auto at = time_in(name)) kept.push_back(Kept{.name = std::move(name), .at = *at});
    }
    std::sort(kept.begin(), kept.end(), newer);
    return kept;
}

Result<void> remove_tree(const fs::path& directory) {
    std::error_code error;
    fs::remove_all(directory, error);
    if (error) return failed("delete", error.value(), directory);
    return sync(directory.parent_path());
}

Result<void> remove_set_aside(const fs::path& directory) {
    const fs::path doomed = directory.string() + std::string(doomed_suffix);
    if (auto moved = move_durably(directory, doomed); !moved) return moved;
    return remove_tree(doomed);
}

// What an earlier prune had begun to delete when it was cut short.
Result<void> finish_deletions(const fs::path& directory) {
    auto names = names_in(directory);
    if (!names) return tl::unexpected(names.error());
    for (const std::string& name : *names) {
        if (!name.ends_with(doomed_suffix)) continue;
        const std::string_view former =
            std::string_view(name).substr(0, name.size() - doomed_suffix.size());
        if (!time_in(former)) continue;
        if (auto removed = remove_tree(directory / name); !removed) return removed;
    }
    return {};
}

Result<Pruned> prune(const fs::path& directory, const Retention& retention, Instant now) {
    if (auto finished = finish_deletions(directory); !finished) {
        return tl::unexpected(finished.error());
    }
    auto kept = list_set_aside(directory);
    if (!kept) return tl::unexpected(kept.error());
    Pruned pruned;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < kept->size(); ++i) {
        const Kept& one = (*kept)[i];
        auto size = allocated_below(directory / one.name);
        if (!size) return tl::unexpected(size.error());
        bytes += *size;  // of those that go too: once there are too many bytes, all older ones go
        const bool stays = now - one.at <= retention.age && bytes <= retention.bytes.value;
        if (i < retention.keep || stays) continue;
        if (auto removed = remove_set_aside(directory / one.name); !removed) {
            return tl::unexpected(removed.error());
        }
        pruned.names.push_back(one.name);
    }
    return pruned;
}

Result<void> refuse_other_file_system(const fs::path& root, const fs::path& prepared) {
    struct stat here {};
    struct stat there {};
    if (::stat(root.c_str(), &here) != 0) return failed("stat", errno, root);
    if (::stat(prepared.c_str(), &there) != 0) return failed("stat", errno, prepared);
    if (!S_ISDIR(there.st_mode)) return refused("not a directory", prepared.string());
    if (here.st_dev != there.st_dev) {
        return refused("prepared on another file system; prepare it below " + root.string(),
                       prepared.string());
    }
    return {};
}

Result<void> refuse_unfit(const fs::path& prepared) {
    DiskReport report;
    if (auto examined = examine_etcd(prepared, report); !examined) return examined;
    if (report.in_use) return refused("the prepared directory is in use", prepared.string());
    if (report.shape == DiskShape::whole) return {};
    const std::string why = report.fault.empty() ? "WAL or db is missing" : report.fault;
    return refused("the prepared directory is not whole: " + why, prepared.string());
}

Result<void> adopt_prepared(const Volume& volume, const fs::path& prepared) {
    const fs::path data_directory = data_directory_of(volume);
    if (present(data_directory)) {
        return refused("there is a data directory already; set it aside first",
                       data_directory.string());
    }
    if (auto made = make_directory(volume.root); !made) return made;
    if (auto same = refuse_other_file_system(volume.root, prepared); !same) return same;
    if (auto fit = refuse_unfit(prepared); !fit) return fit;
    if (auto synced = sync_tree(prepared); !synced) return synced;
    return move_durably(prepared, data_directory);
}

}  // namespace

Result<void> stamp(const Volume& volume, const VolumeIdentity& identity) {
    return guarded(volume.root, [&] { return stamp_identity(volume, identity); });
}

Result<std::string> set_aside(const Volume& volume, const SetAside& how) {
    return guarded(volume.root, [&] { return set_aside_stopped(volume, how); });
}

Result<Pruned> prune_set_aside(const Volume& volume, const Retention& retention, Instant now) {
    return guarded(volume.root, [&] { return prune(set_aside_of(volume), retention, now); });
}

Result<void> adopt(const Volume& volume, const fs::path& prepared) {
    return guarded(volume.root, [&] { return adopt_prepared(volume, prepared); });
}

}  // namespace quorate::disk
