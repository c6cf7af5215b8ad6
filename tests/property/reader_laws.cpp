// Laws of what reads files that may be damaged: etcd's log, database and snapshots, the identity of
// a volume, the desired replicas and settings. Whatever the bytes are, a reader comes back; what it
// tells is of a sound beginning, never more.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "adapters/disk/bbolt.hpp"
#include "adapters/disk/checksum.hpp"
#include "adapters/disk/identity.hpp"
#include "adapters/disk/snap.hpp"
#include "adapters/disk/wal.hpp"
#include "adapters/host/settings.hpp"
#include "adapters/local/desired.hpp"
#include "core/base/limits.hpp"
#include "tests/contract/disk/files.hpp"
#include "tests/property/law.hpp"

namespace quorate {
namespace {

namespace fs = std::filesystem;
using test::below;
using test::classify;
using test::coin;

// In memory where the system has a place for that: a law writes twenty thousand files.
class Place {
  public:
    Place() {
        const bool memory = ::access("/dev/shm", W_OK) == 0;
        std::string name = std::string(memory ? "/dev/shm" : "/tmp") + "/quorate-laws-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path_ = name;
        fs::create_directory(path_ / "wal");
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    fs::path operator/(const std::string& name) const { return path_ / name; }

  private:
    fs::path path_;
};

const Place& place() {
    static const Place here;
    return here;
}

void write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::uint32_t any_offset(const std::string& bytes) {
    return below(static_cast<std::uint32_t>(bytes.size()));
}

std::string any_bytes(int most) {
    std::string bytes;
    for (const std::uint32_t number : test::numbers(most))
        bytes += static_cast<char>(number);
    return bytes;
}

// ---- the write-ahead log

// A log as etcd writes one, and what is true after each of its records.
struct Log {
    struct After {
        std::size_t size = 0;
        LogPosition last;
        LogIndex commit;
    };
    std::string bytes;
    std::vector<After> records;
};

Log any_log() {
    Log log;
    std::uint32_t crc = 0;
    Log::After now;
    const auto keep = [&](const std::string& record) {
        log.bytes += record;
        now.size = log.bytes.size();
        log.records.push_back(now);
    };
    keep(disk::framed_checksum(0));
    keep(disk::framed_record(1, disk::number(1, 7) + disk::number(2, 9), crc));
    std::uint64_t term = 1;
    for (const std::uint32_t number : test::numbers(12)) {
        if (number % 4 == 0) {
            now.commit = now.last.index;
            keep(disk::framed_record(3, disk::number(1, term) + disk::number(3, now.commit.value),
                                     crc));
            continue;
        }
        // A new leader overwrites the tail.
        if (number % 16 == 1 && now.last.index.value > 1) now.last.index.value -= 1;
        if (number % 8 == 1) ++term;
        now.last = {Term{term}, LogIndex{now.last.index.value + 1}};
        keep(disk::framed_record(2,
                                 disk::number(1, 0) + disk::number(2, term) +
                                     disk::number(3, now.last.index.value) +
                                     disk::text(4, std::string(number / 16 % 40, 'v')),
                                 crc));
    }
    return log;
}

Result<disk::WalFacts> read_log(const std::string& bytes) {
    const fs::path directory = place() / "wal";
    write(directory / "0000000000000000-0000000000000000.wal", bytes);
    return disk::read_wal(directory);
}

RC_GTEST_PROP(WalLaw, ALogIsReadToItsEnd, ()) {
    const Log log = any_log();
    const auto read = read_log(log.bytes + std::string(coin() ? 64 : 0, '\0'));
    classify(log.records.size() > 6, "more than four entries or states");
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->member_id == MemberId{7});
    RC_ASSERT(read->cluster_id == ClusterId{9});
    RC_ASSERT(read->last == log.records.back().last);
    RC_ASSERT(read->commit == log.records.back().commit);
    RC_ASSERT(read->torn.empty());
}

RC_GTEST_PROP(WalLaw, ACutLogIsReadToItsLastWholeRecord, ()) {
    const Log log = any_log();
    const std::uint32_t size = any_offset(log.bytes);
    const auto read = read_log(log.bytes.substr(0, size));
    Log::After whole;
    std::size_t records = 0;
    for (const Log::After& one : log.records)
        if (one.size <= size) {
            whole = one;
            ++records;
        }
    classify(records < 2, "no member is named");
    classify(records >= 2 && whole.size == size, "cut between records");
    classify(records >= 2 && whole.size < size, "cut within one");
    RC_ASSERT(read.has_value() == (records >= 2));
    if (!read) return;
    RC_ASSERT(read->last == whole.last);
    RC_ASSERT(read->commit == whole.commit);
    RC_ASSERT(read->torn.empty() == (whole.size == size));
}

RC_GTEST_PROP(WalLaw, OfADamagedLogNothingButASoundBeginningIsRead, ()) {
    const Log log = any_log();
    std::string bytes = log.bytes;
    const std::uint32_t at = any_offset(bytes);
    for (std::uint32_t left = 1 + below(3); left > 0; --left)
        bytes[std::min<std::size_t>(at + below(9), bytes.size() - 1)] =
            static_cast<char>(below(256));
    if (test::one_in(4)) bytes.resize(any_offset(bytes));
    const auto read = read_log(bytes);
    classify(!read, "refused");
    classify(read && !read->torn.empty(), "torn");
    classify(read && read->torn.empty(), "read");
    if (!read) RC_ASSERT(!read.error().what.empty());
    if (!read) return;
    RC_ASSERT(std::any_of(log.records.begin(), log.records.end(), [&](const Log::After& one) {
        return one.last == read->last && one.commit == read->commit;
    }));
}

// ---- the database

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        bytes[at + i] = static_cast<char>(value >> (8 * i));
}

constexpr std::size_t page_size = 1024;

// Two sound metas, and pages whose headers look like pages; what they hold is anything.
std::string any_db() {
    const std::uint32_t pages = 3 + below(4);
    std::string bytes(page_size * pages, '\0');
    for (const std::uint32_t number : test::numbers(40))
        bytes[2 * page_size + number % (bytes.size() - 2 * page_size)] =
            static_cast<char>(number >> 20);
    for (std::uint32_t page = 0; page < pages; ++page) {
        const std::size_t at = page * page_size;
        put(bytes, at, page, 8);
        put(bytes, at + 8, page < 2 ? 4 : 1 + below(2), 2);
        put(bytes, at + 10, page < 2 ? 0 : below(4), 2);
        put(bytes, at + 12, test::one_in(8) ? below(4) : 0, 4);
    }
    for (std::size_t meta : {std::size_t{16}, page_size + 16}) {
        put(bytes, meta, 0xED0CDAED, 4);
        put(bytes, meta + 4, 2, 4);
        put(bytes, meta + 8, page_size, 4);
        put(bytes, meta + 16, below(pages + 1), 8);
        put(bytes, meta + 40, test::one_in(6) ? below(99) : pages, 8);
        put(bytes, meta + 48, below(9), 8);
        put(bytes, meta + 56, disk::fnv1a64(std::string_view(bytes).substr(meta, 56)), 8);
    }
    if (test::one_in(6)) bytes.resize(any_offset(bytes));
    return bytes;
}

RC_GTEST_PROP(DbLaw, AnyPagesAreReadOrRefused, ()) {
    const std::string bytes = any_db();
    const fs::path path = place() / "db";
    write(path, bytes);
    const auto read = disk::read_db(path);
    classify(read.has_value(), "read");
    classify(!read, "refused");
    if (!read) RC_ASSERT(!read.error().what.empty());
    if (read) RC_ASSERT(read->key_records < bytes.size());
}

// ---- snapshots

RC_GTEST_PROP(SnapLaw, ASnapshotCountsOnlyWhenItIsWholeAndTheLogKnowsIt, ()) {
    const LogPosition position{Term{1 + below(3)}, LogIndex{1 + below(200)}};
    const std::string store(40, 'v');
    const std::string data =
        disk::text(1, store) +
        disk::text(2, disk::number(2, position.index.value) + disk::number(3, position.term.value));
    std::string bytes = disk::number(1, disk::crc32c(0, data)) + disk::text(2, data);
    const bool damaged = coin();
    if (damaged) bytes[bytes.find(store) + any_offset(store)] ^= static_cast<char>(1U << below(8));
    const bool known = coin();
    const fs::path directory = place() / "snap";
    fs::remove_all(directory);
    fs::create_directory(directory);
    char name[64];
    std::snprintf(name, sizeof name, "%016llx-%016llx.snap",
                  static_cast<unsigned long long>(position.term.value),
                  static_cast<unsigned long long>(position.index.value));
    write(directory / name, bytes);
    const auto found = disk::newest_usable_snap(
        directory, known ? std::vector<LogPosition>{position} : std::vector<LogPosition>{});
    classify(damaged && known, "damaged");
    classify(!damaged && known, "whole");
    classify(!known, "not in the log");
    RC_ASSERT(found.has_value());
    RC_ASSERT(found->position == (known && !damaged ? position : LogPosition{}));
}

// ---- the identity of a volume

VolumeIdentity any_identity() {
    VolumeIdentity identity;
    for (std::uint32_t left = 1 + below(64); left > 0; --left)
        identity.lineage.value += "0123456789abcdef-XYZ"[below(20)];
    identity.epoch = Epoch{test::word()};
    identity.ordinal = Ordinal{static_cast<std::uint32_t>(test::word())};
    identity.nonce = Nonce{test::word()};
    identity.data_seen = coin();
    identity.high_water = {Term{test::word()}, LogIndex{test::word()}};
    return identity;
}

RC_GTEST_PROP(IdentityFileLaw, ItsTextIsReadBackAndADamagedOneIsNot, ()) {
    const VolumeIdentity identity = any_identity();
    const std::string text = disk::identity_text(identity);
    RC_ASSERT(text.size() <= disk::identity_size_max);
    RC_ASSERT(disk::parse_identity(text) == identity);
    std::string damaged = text;
    const bool flipped = coin();
    if (flipped)
        damaged[any_offset(damaged)] ^= static_cast<char>(1U << below(8));
    else
        damaged.resize(any_offset(damaged));
    classify(flipped, "a flipped bit");
    classify(!flipped, "cut");
    const auto read = disk::parse_identity(damaged);
    // The last line end is not needed, and a hex digit may be a capital one.
    // In brackets: rapidcheck looks at both sides of an open ||, and there may be nothing to read.
    RC_ASSERT((!read || *read == identity));
    RC_ASSERT(!disk::parse_identity(any_bytes(60)));
}

// ---- the desired replicas

RC_GTEST_PROP(DesiredLaw, AFileSaysANumberAndAPolicyOrIsRefused, ()) {
    static const std::vector<std::string> numbers = {
        "0", "3", "9", "10", "-1", "2.5", "\"3\"", "null", "18446744073709551617"};
    static const std::vector<std::string> policies = {
        "\"parallel\"", "\"ordered\"", "\"other\"", "7", "null", "[]"};
    const std::string& replicas = test::one_of(numbers);
    const std::string& policy = test::one_of(policies);
    std::string text = "{\"replicas\":" + replicas + ",\"policy\":" + policy + "}";
    const bool damaged = test::one_in(3);
    if (damaged) text[any_offset(text)] = static_cast<char>(below(256));
    if (damaged && coin()) text.resize(any_offset(text));
    const fs::path path = place() / "desired.json";
    write(path, text);
    const auto read = local::read_desired(path);
    classify(damaged, "damaged");
    classify(read.has_value(), "read");
    classify(!read, "refused");
    if (!read) RC_ASSERT(!read.error().what.empty());
    if (read) RC_ASSERT(read->has_value());
    if (read) RC_ASSERT((*read)->replicas <= limits::replicas_max);
    const bool good = (replicas == "0" || replicas == "3" || replicas == "9") &&
                      (policy == "\"parallel\"" || policy == "\"ordered\"");
    if (!damaged) RC_ASSERT(read.has_value() == good);
}

// ---- settings

RC_GTEST_PROP(SettingsLaw, ADurationIsReadBackFromItsText, ()) {
    const Span span{static_cast<std::int64_t>(test::word() >> (1 + below(60)))};
    RC_ASSERT(host::parse_span(host::to_text(span)) == span);
    std::string text = host::to_text(span);
    for (const std::uint32_t number : test::numbers(3))
        text.insert(number % (text.size() + 1), 1, "0hms.u- 9"[number % 9]);
    const auto read = host::parse_span(text);
    classify(read.has_value(), "is a duration");
    classify(!read, "is none");
    if (read) RC_ASSERT(read->us >= 0);
    if (read) RC_ASSERT(host::parse_span(host::to_text(*read)) == read);
}

RC_GTEST_PROP(SettingsLaw, AnyValueIsTakenAndToldAgainOrRefusedAndNothingChanged, ()) {
    static const std::vector<std::string> likely = {
        "5s", "200ms", "2m",   "1h", "64MiB",     "0s",           "",   "3", "1m30s",
        "-1", "10",    "1GiB", "7d", "--x=1 --y", "99999999999h", "tcp"};
    host::Choices choices;
    const auto keys = host::keys_of(choices);
    const std::string key = test::one_in(8) ? any_bytes(12) : test::one_of(keys).key;
    const std::string value = test::one_in(4) ? any_bytes(12) : test::one_of(likely);
    const auto done = host::set(choices, key, value);
    classify(done.has_value(), "taken");
    classify(!done, "refused");
    if (!done) RC_ASSERT(choices == host::Choices{});
    if (!done) return;
    host::Choices again;
    for (const host::KeyText& one : host::keys_of(choices)) {
        if (one.key == "etcd_arguments" && one.value.empty()) continue;
        RC_ASSERT(host::set(again, one.key, one.value).has_value());
    }
    RC_ASSERT(again == choices);
}

}  // namespace
}  // namespace quorate
