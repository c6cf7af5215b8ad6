// The roles that agents share, in their form for one machine: desired replicas, record, lease. What
// holds of the simulated form too is in tests/contract/store.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "adapters/local/desired.hpp"
#include "adapters/local/files.hpp"
#include "adapters/local/layout.hpp"
#include "adapters/local/lease.hpp"
#include "adapters/local/record.hpp"

namespace quorate::local {
namespace {

namespace fs = std::filesystem;

class Directory {
  public:
    Directory() {
        char name[] = "/tmp/quorate-local-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~Directory() { fs::remove_all(path_); }
    fs::path operator/(const std::string& name) const { return path_ / name; }

  private:
    fs::path path_;
};

void put(const fs::path& path, const std::string& content) { std::ofstream(path) << content; }

TEST(Desired, IsAbsentUntilSomebodySays) {
    const Directory dir;
    const auto read = read_desired(dir / "desired.json");
    ASSERT_TRUE(read.has_value());
    EXPECT_FALSE(read->has_value());
}
TEST(Desired, RefusesMoreReplicasThanThereMayBe) {
    const Directory dir;
    put(dir / "desired.json", R"({"replicas": 10, "policy": "parallel"})");
    const auto read = read_desired(dir / "desired.json");
    ASSERT_FALSE(read.has_value());
    EXPECT_NE(read.error().what.find("replicas"), std::string::npos);
}
TEST(Desired, NamesTheFieldThatIsWrong) {
    const Directory dir;
    put(dir / "desired.json", R"({"replicas": 3, "policy": "sideways"})");
    const auto read = read_desired(dir / "desired.json");
    ASSERT_FALSE(read.has_value());
    EXPECT_NE(read.error().what.find("policy"), std::string::npos);
}
TEST(Desired, WhatItSaysToWriteCanBeRead) {
    const Directory dir;
    put(dir / "desired.json", "junk");
    const std::string what = read_desired(dir / "desired.json").error().what;
    const std::size_t example = what.find('{');
    ASSERT_NE(example, std::string::npos) << what;
    put(dir / "desired.json", what.substr(example));
    EXPECT_TRUE(read_desired(dir / "desired.json").has_value()) << what;
}

TEST(Files, ReplacementIsWholeAndForItsUserOnly) {
    const Directory dir;
    ASSERT_TRUE(replace_file(dir / "file", "one").has_value());
    ASSERT_TRUE(replace_file(dir / "file", "two").has_value());
    EXPECT_EQ(**read_file(dir / "file"), "two");
    struct stat info {};
    ASSERT_EQ(::stat((dir / "file").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    EXPECT_EQ(std::distance(fs::directory_iterator((dir / "file").parent_path()),
                            fs::directory_iterator()),
              1);
}
TEST(Files, LockIsHeldByOneAtATime) {
    const Directory dir;
    auto held = FileLock::attempt(dir / "lock");
    ASSERT_TRUE(held.has_value());
    EXPECT_FALSE(FileLock::attempt(dir / "lock").has_value());
    { const FileLock released = std::move(*held); }
    EXPECT_TRUE(FileLock::attempt(dir / "lock").has_value());
}

// Holds the lock in a process of its own, which then does as told and exits with 7.
pid_t holder_of(const std::filesystem::path& path, void (*then)()) {
    int ready[2];
    if (::pipe(ready) != 0) return -1;
    const pid_t child = ::fork();
    if (child == 0) {
        const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
        const bool held = ::flock(descriptor, LOCK_EX) == 0;
        if (::write(ready[1], held ? "y" : "n", 1) == 1) then();
        ::_exit(7);
    }
    char answer = 'n';
    const bool told = ::read(ready[0], &answer, 1) == 1;
    ::close(ready[0]);
    ::close(ready[1]);
    return told && answer == 'y' ? child : -1;
}

TEST(Files, AHolderThatWasStoppedIsKilledSoThatTheOthersGoOn) {
    const Directory dir;
    const pid_t child = holder_of(dir / "lock", [] { ::raise(SIGSTOP); });
    ASSERT_GT(child, 0);
    EXPECT_TRUE(FileLock::wait(dir / "lock").has_value());
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(Files, AHolderThatIsOnlySlowIsWaitedFor) {
    const Directory dir;
    const pid_t child = holder_of(dir / "lock", [] { ::sleep(3); });  // looked at after two
    ASSERT_GT(child, 0);
    EXPECT_TRUE(FileLock::wait(dir / "lock").has_value());
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(Lease, OfAnEarlierBootIsFree) {
    const Directory dir;
    put(dir / "lease",
        R"({"fence": 7, "holder": 0, "boot": "of-yesterday", "expires_us": 9000000000000000})");
    const auto fence = Lease(dir / "lease", Ordinal{1}).acquire(minutes(1));
    ASSERT_TRUE(fence.has_value());
    EXPECT_EQ(*fence, Fence{8});
}

WriteRecord create() {
    ClusterRecord record;
    record.revision = RecordRevision{1};
    record.lineage = Lineage{"0b2e7a7e-0000-4000-8000-000000000001"};
    record.replicas[Ordinal{2}].reason = "rolled-back";
    return WriteRecord{RecordRevision{0}, record, Fence{}};
}

TEST(Record, SwapIsRefusedWhenTheRevisionMovedOn) {
    const Directory dir;
    ASSERT_TRUE(swap_record(dir / "record.json", dir / "lease", create()).has_value());
    const auto again = swap_record(dir / "record.json", dir / "lease", create());
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(again->conflict);
    EXPECT_EQ(again->now, create().record);
}
TEST(Record, OneOfManyWritersWins) {
    const Directory dir;
    std::atomic<int> winners{0};
    std::vector<std::thread> writers;
    for (int i = 0; i < 8; ++i)
        writers.emplace_back([&] {
            const auto swapped = swap_record(dir / "record.json", dir / "lease", create());
            if (swapped && !swapped->conflict) ++winners;
        });
    for (std::thread& writer : writers)
        writer.join();
    EXPECT_EQ(winners, 1);
}
TEST(Record, DamagedOneIsNamedAndNotOverwritten) {
    const Directory dir;
    put(dir / "record.json", "{ half a docu");
    EXPECT_FALSE(read_record(dir / "record.json").has_value());
    EXPECT_FALSE(swap_record(dir / "record.json", dir / "lease", create()).has_value());
    EXPECT_EQ(**read_file(dir / "record.json"), "{ half a docu");
}

TEST(Layout, SocketPathFitsWhereverTheDirectoryLies) {
    const Layout near("/tmp/d");
    EXPECT_EQ(near.socket(Ordinal{1}), "/tmp/d/cluster/agent-1.sock");
    const Layout far("/" + std::string(200, 'x'));
    EXPECT_LE(far.socket(Ordinal{1}).string().size(), 107U);
}
TEST(Layout, PortsOfReplicasDoNotOverlap) {
    EXPECT_EQ(ports_of(2379, Ordinal{0}).client, 2379);
    EXPECT_EQ(ports_of(2379, Ordinal{0}).agent, 2382);
    EXPECT_EQ(ports_of(2379, Ordinal{0}).metrics + 8, ports_of(2379, Ordinal{1}).client);
}

}  // namespace
}  // namespace quorate::local
