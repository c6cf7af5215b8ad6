// Each row of the table with lines as real etcd wrote them (3.4: plain text, 3.5 and later: JSON),
// and the order between rows. The tail that the lines come from is here too.
#include "adapters/process/classify.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <ostream>

#include "adapters/process/tail.hpp"

namespace quorate::process {
namespace {

struct Case {
    const char* name;
    ExitClass exit_class;
    Ending ending;
    std::vector<std::string> lines;
};
void PrintTo(const Case& row, std::ostream* out) { *out << row.name; }

class Rows : public testing::TestWithParam<Case> {};

TEST_P(Rows, GiveTheirClass) {
    const Case& row = GetParam();
    const ChildExit exit = classify(row.ending, row.lines);
    EXPECT_EQ(exit.exit_class, row.exit_class) << exit.last_line;
    EXPECT_EQ(exit.status, row.ending.status);
    EXPECT_EQ(exit.signal, row.ending.signal);
}

constexpr Ending kFatal{.status = 1};
constexpr Ending kPanic{.status = 2};

std::string Fatal35(const std::string& error) {
    return R"({"level":"fatal","ts":"2024-05-01T10:00:00.000Z","caller":"etcdmain/etcd.go:204",)"
           R"("msg":"discovery failed","error":")" +
           error + R"("})";
}
std::string Line34(const std::string& text) { return "2024-05-01 10:00:00.000000 " + text; }

const Case kCases[] = {
    {"Removed34",
     ExitClass::removed,
     {.status = 0},
     {Line34("E | rafthttp: failed to dial 8211f1d0f64f3269 on stream Message (the member has been "
             "permanently removed from the cluster)"),
      Line34("I | etcdserver: the data-dir used by this member must be removed.")}},
    {"Removed35WithLaterFatal",
     ExitClass::removed,
     kFatal,
     {R"({"level":"warn","msg":"server error","error":"the member has been permanently removed from the cluster"})",
      R"({"level":"fatal","msg":"listener failed","error":"accept tcp: use of closed network connection"})"}},
    {"RemovedWhileAskedToStop",
     ExitClass::removed,
     {.signal = SIGTERM, .asked_to_stop = true},
     {R"({"level":"warn","msg":"data-dir used by this member must be removed"})"}},
    {"StoppedBySigterm",
     ExitClass::stopped,
     {.signal = SIGTERM, .asked_to_stop = true},
     {Line34("N | pkg/osutil: received terminated signal, shutting down...")}},
    {"StoppedAsPid1", ExitClass::stopped, {.status = 0, .asked_to_stop = true}, {}},
    {"StoppedBySomebodyElse", ExitClass::stopped, {.signal = SIGTERM}, {}},
    {"EndedWithoutBeingAsked", ExitClass::unknown, {.status = 0}, {"bye"}},
    {"Killed", ExitClass::killed, {.signal = SIGKILL}, {}},
    {"KilledWhileAskedToStop", ExitClass::killed, {.signal = SIGKILL, .asked_to_stop = true}, {}},
    {"KilledSaysNothingOfTheData",
     ExitClass::killed,
     {.signal = SIGKILL},
     {"panic: tocommit(308) is out of range [lastIndex(0)]."}},
    {"AlreadyBootstrapped34",
     ExitClass::already_bootstrapped,
     kFatal,
     {Line34("C | etcdmain: member 2f1f52ddd3ed6049 has already been bootstrapped")}},
    {"AlreadyBootstrapped35",
     ExitClass::already_bootstrapped,
     kFatal,
     {Fatal35("member 2f1f52ddd3ed6049 has already been bootstrapped")}},
    {"UnequalCount",
     ExitClass::not_admitted,
     kFatal,
     {Fatal35("error validating peerURLs {ClusterID:1 Members:[]}: member count is unequal")}},
    {"NoLocalName",
     ExitClass::not_admitted,
     kFatal,
     {Line34(
         "C | etcdmain: couldn't find local name \"n4\" in the initial cluster configuration")}},
    {"Incompatible",
     ExitClass::not_admitted,
     kFatal,
     {Fatal35("incompatible with current running cluster")}},
    {"AWalThatStorageDoesNotGive",
     ExitClass::disk_refused,
     kFatal,
     {R"({"level":"fatal","msg":"failed to read WAL, cannot be repaired",)"
      R"("error":"read /data/member/wal/0000000000000000-0000000000000000.wal: input/output error"})"}},
    {"NoPeerAnswers",
     ExitClass::peers_unreachable,
     kFatal,
     {Fatal35("cannot fetch cluster info from peer urls: could not retrieve cluster information "
              "from the given URLs")}},
    {"LogLost",
     ExitClass::log_lost,
     kPanic,
     {"panic: tocommit(308) is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, "
      "or lost?",
      "", "goroutine 124 [running]:", "log.(*Logger).Panicf(0xc0001fc0a0)"}},
    {"LogLostJson",
     ExitClass::log_lost,
     kPanic,
     {R"({"level":"panic","msg":"tocommit(309) is out of range [lastIndex(308)]. Was the raft log corrupted, truncated, or lost?"})"}},
    {"TocommitAloneIsNotALostLog", ExitClass::unknown, kPanic, {"panic: tocommit(308) something"}},
    {"WalFlipped34",
     ExitClass::wal_damaged,
     kFatal,
     {Line34("C | etcdserver: read wal error (walpb: crc mismatch) and cannot be repaired")}},
    {"WalFlipped36",
     ExitClass::wal_damaged,
     kFatal,
     {R"({"level":"fatal","msg":"failed to read WAL, cannot be repaired","error":"walpb: crc mismatch: expected: 5c2296e6 computed: fe808487: in file '0-0.wal' at position: 29360"})"}},
    {"WalHalfZeroed",
     ExitClass::wal_damaged,
     kFatal,
     {Fatal35("proto: Record: illegal tag 0 (wire type 0)")}},
    {"WalHalfZeroed37",
     ExitClass::wal_damaged,
     kFatal,
     {Fatal35("proto: cannot parse invalid wire-format data")}},
    {"WalGap",
     ExitClass::wal_damaged,
     kFatal,
     {R"({"level":"fatal","msg":"failed to open WAL","error":"wal: file not found"})"}},
    {"WalZeroed",
     ExitClass::wal_damaged,
     kPanic,
     {"panic: runtime error: slice bounds out of range [:1126] with capacity 512"}},
    {"WalRefusedByTheDiskIsNotDamage",
     ExitClass::disk_refused,
     kFatal,
     {R"({"level":"fatal","msg":"failed to open WAL","error":"open member/wal: permission denied"})"}},
    {"DbMissing35",
     ExitClass::db_damaged,
     kPanic,
     {"panic: failed to recover v3 backend from snapshot"}},
    {"DbMissing34",
     ExitClass::db_damaged,
     kPanic,
     {"panic: recovering backend from snapshot error: failed to find database snapshot file (snap: "
      "snapshot file doesn't exist)"}},
    {"DbTruncated",
     ExitClass::db_damaged,
     kPanic,
     {"unexpected fault address 0x7f4d98c09000", "fatal error: fault",
      "[signal SIGBUS: bus error code=0x2 addr=0x7f4d98c09000 pc=0x54bfd3]"}},
    {"DbUnreadable",
     ExitClass::db_damaged,
     kPanic,
     {R"({"level":"panic","msg":"failed to open database","path":"member/snap/db","error":"invalid database"})"}},
    {"DbWaitedForIsNotDamage",
     ExitClass::unknown,
     kPanic,
     {R"({"level":"panic","msg":"failed to open database","error":"timeout"})"}},
    {"DbPages",
     ExitClass::db_damaged,
     kPanic,
     {"panic: freepages: failed to get all reachable pages (page 12: multiple references)"}},
    {"DiskFull",
     ExitClass::disk_full,
     kFatal,
     {R"({"level":"fatal","msg":"failed to commit tx","error":"write member/snap/db: no space left on device"})"}},
    {"DiskFullWhileCreatingTheWal",
     ExitClass::disk_full,
     kPanic,
     {R"({"level":"panic","msg":"failed to create WAL","error":"no space left on device"})"}},
    {"ReadOnly",
     ExitClass::disk_refused,
     kFatal,
     {Fatal35("open member/snap/db: read-only file system")}},
    {"DataDirectory34",
     ExitClass::disk_refused,
     kFatal,
     {Line34("C | etcdmain: cannot access data directory: mkdir /data: permission denied")}},
    {"AddressInUse34",
     ExitClass::address_in_use,
     kFatal,
     {Line34("C | etcdmain: listen tcp 127.0.0.1:2380: bind: address already in use")}},
    {"Inconsistent",
     ExitClass::data_inconsistent,
     kFatal,
     {R"({"level":"warn","msg":"found different hash values from remote peer"})",
      R"({"level":"error","msg":"checkInitialHashKV failed"})",
      Fatal35("8211f1d0f64f3269 found data inconsistency with peers")}},
    {"OlderBinary",
     ExitClass::older_binary,
     kFatal,
     {R"({"level":"fatal","msg":"invalid downgrade; server version is lower than determined cluster version"})"}},
    {"NewerSchema36",
     ExitClass::older_binary,
     kFatal,
     {R"({"level":"error","msg":"Failed to validate schema","error":"version \"3.7.0\" is not supported"})"}},
    {"UnknownFlag",
     ExitClass::bad_arguments,
     kPanic,
     {"flag provided but not defined: -experimental-initial-corrupt-check", "Usage:", ""}},
    {"BadValue",
     ExitClass::bad_arguments,
     kPanic,
     {"invalid value \"abc\" for flag -heartbeat-interval: parse error"}},
    {"BothSpellings36",
     ExitClass::bad_arguments,
     kFatal,
     {R"({"level":"error","msg":"failed verifying flags","error":"cannot specify both flags: --a=true and --b=true"})"}},
    {"EnvironmentConflict",
     ExitClass::bad_arguments,
     kFatal,
     {R"({"level":"fatal","msg":"conflicting environment variable is shadowed by corresponding command-line flag","environment-variable":"ETCD_NAME"})"}},
    {"WarningsAreNoCause35",
     ExitClass::unknown,
     kPanic,
     {R"({"level":"warn","msg":"failed to write","error":"no space left on device"})",
      "panic: something nobody has seen yet"}},
    {"WarningsAreNoCause34",
     ExitClass::unknown,
     kPanic,
     {Line34("W | wal: ignored file: permission denied"), "panic: something else"}},
    {"TheLastCauseWins",
     ExitClass::disk_full,
     kFatal,
     {Line34("E | rafthttp: bind: address already in use"),
      Line34("C | etcdserver: no space left on device")}},
    {"UnknownPanic", ExitClass::unknown, kPanic, {"panic: runtime error: nil pointer"}},
    {"UnknownWithoutAWord", ExitClass::unknown, kFatal, {}},
    {"Aborted", ExitClass::unknown, {.signal = SIGABRT}, {}},
};

INSTANTIATE_TEST_SUITE_P(Exits, Rows, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Classify, TheLineTheClassWasReadFromIsKept) {
    const ChildExit exit = classify(kFatal, {"a", "walpb: crc mismatch", "b"});
    EXPECT_EQ(exit.last_line, "walpb: crc mismatch");
}

TEST(Classify, WithoutAClassTheLastLineIsKept) {
    EXPECT_EQ(classify(kFatal, {"a", "b"}).last_line, "b");
}

TEST(Tail, LinesAreJoinedFromPieces) {
    Tail tail;
    tail.add("one\ntw");
    tail.add("o\nthree");
    EXPECT_EQ(tail.lines(), (std::vector<std::string>{"one", "two", "three"}));
}

TEST(Tail, AnEndedLineIsNotFollowedByAnEmptyOne) {
    Tail tail;
    tail.add("one\n");
    EXPECT_EQ(tail.lines(), std::vector<std::string>{"one"});
}

TEST(Tail, OnlyTheLastLinesAreKept) {
    Tail tail;
    for (int i = 0; i < 200; ++i)
        tail.add(std::to_string(i) + "\n");
    ASSERT_EQ(tail.lines().size(), kTailLinesMax);
    EXPECT_EQ(tail.lines().back(), "199");
}

TEST(Tail, ALongLineIsCut) {
    Tail tail;
    for (int i = 0; i < 100; ++i)
        tail.add(std::string(1000, 'x'));
    tail.add("\nnext\n");
    EXPECT_EQ(tail.lines()[0].size(), kTailLineMax);
    EXPECT_EQ(tail.lines()[1], "next");
}

TEST(Tail, TheCauseOfACrashStaysBeforeItsTraces) {
    Tail tail;
    tail.add("fatal error: fault\n");
    for (int i = 0; i < 300; ++i)
        tail.add("goroutine " + std::to_string(i) + " [running]:\nmain.main()\n\t/x.go:1\n\n");
    EXPECT_EQ(tail.lines().front(), "fatal error: fault");
    EXPECT_EQ(tail.lines().size(), 1 + kTraceLinesMax);
}

}  // namespace
}  // namespace quorate::process
