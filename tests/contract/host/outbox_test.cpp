// What the agent carries out is checked once more where it takes effect: against the number of
// replicas that is desired now, the authority that is held now, and the clock (S11, S12). No etcd
// runs here: what gets past a check ends in another way.
#include "adapters/host/outbox.hpp"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <filesystem>

#include "adapters/clock/clock.hpp"
#include "adapters/local/desired.hpp"
#include "adapters/local/record.hpp"
#include "adapters/local/store.hpp"

namespace quorate::host {
namespace {

constexpr Desired three{3, PodManagement::parallel};
constexpr Desired one{1, PodManagement::parallel};

// Port 1 of the loopback: nobody listens there.
Settings alone() {
    Settings settings;
    settings.addresses = {{"replica-0", "http://127.0.0.1:1", "http://127.0.0.1:1"}};
    settings.policy = default_policy();
    return settings;
}

local::Layout in_a_new_directory() {
    char name[] = "/tmp/quorate-outbox-XXXXXX";  // mkdtemp fills in the X, the test removes it
    const local::Layout layout(::mkdtemp(name));
    std::filesystem::create_directories(layout.cluster());
    return layout;
}

class OutboxChecks : public testing::Test {
  protected:
    ~OutboxChecks() override {
        tasks_.stop();
        std::filesystem::remove_all(layout_.root());
    }

    void desire(Desired desired) { ASSERT_TRUE(local::write_desired(layout_.desired(), desired)); }
    std::optional<ClusterRecord> record() const { return *local::read_record(layout_.record()); }

    CommandEnded carry(CommandBody body) {
        outcome_.reset();
        const std::vector<Command> commands{
            {CommandId{++last_}, clock::since_boot(), std::move(body)}};
        outbox_.release(commands);
        while (!outcome_)
            loop_.run_one();
        return *outcome_;
    }

    Fence acquire() {
        const CommandEnded ended = carry(AcquireAuthority{seconds(60)});
        return std::get<AuthorityGranted>(ended.brought).fence;
    }

    static std::string refused(const CommandEnded& ended) {
        const auto* refused = std::get_if<Refused>(&ended.outcome);
        return refused == nullptr ? "" : refused->text;
    }

    Settings settings_ = alone();
    Desired told_ = three;  // what the core knows

  private:
    local::Layout layout_ = in_a_new_directory();
    AgentConfig config_;
    local::FileStore store_{layout_, Ordinal{0}};
    boost::asio::io_context loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open_{
        loop_.get_executor()};
    Tasks tasks_{loop_, 1};
    Members members_{settings_, {"http://127.0.0.1:1", "http://127.0.0.1:1"}, std::nullopt};
    Prober prober_{loop_, tasks_, members_, settings_, [](const Observation&) {}};
    Outbox outbox_{loop_,
                   config_,
                   settings_,
                   store_,
                   tasks_,
                   members_,
                   prober_,
                   {[this](const Observation& seen) {
                        if (const auto* ended = std::get_if<CommandEnded>(&seen)) outcome_ = *ended;
                    },
                    [](Instant) {}, [](const std::string&) {}, [](const std::vector<Ordinal>&) {},
                    [this] { return std::optional(told_); },
                    [](const std::function<void()>& then) { then(); }}};
    std::optional<CommandEnded> outcome_;
    std::uint64_t last_ = 0;
};

TEST_F(OutboxChecks, NobodyIsRemovedForANumberThatIsDesiredNoMore) {
    desire(one);
    const RemoveMember remove{Ordinal{0}, MemberId{7}, acquire()};
    EXPECT_EQ("other replicas are desired now", refused(carry(remove)));
    told_ = one;
    EXPECT_NE("other replicas are desired now", refused(carry(remove)));
}

TEST_F(OutboxChecks, NothingIsOrderedToBeRebuiltForANumberThatIsDesiredNoMore) {
    desire(one);
    WriteRecord write;
    write.record.revision = RecordRevision{1};
    write.record.rebuild = Rebuild{Ordinal{0}, {Term{1}, LogIndex{2}}, LogIndex{3}, "token"};
    EXPECT_EQ("other replicas are desired now", refused(carry(write)));
    EXPECT_EQ(std::nullopt, record());
    told_ = one;
    EXPECT_EQ("", refused(carry(write)));
    ASSERT_TRUE(record().has_value());
    EXPECT_EQ("token", record()->rebuild->token);
}

TEST_F(OutboxChecks, WithoutAuthorityNobodyIsRemoved) {
    desire(three);
    const Fence fence = acquire();
    const RemoveMember stale{Ordinal{0}, MemberId{7}, Fence{fence.value + 1}};
    EXPECT_EQ("authority is no longer held", refused(carry(stale)));
}

TEST_F(OutboxChecks, WhatWasSleptThroughIsNotCarriedOutAnyMore) {
    desire(three);
    const Fence fence = acquire();
    settings_.policy.command_deadline = Span{};  // it is over before a worker gets to it
    EXPECT_EQ("its time has passed", refused(carry(RemoveMember{Ordinal{0}, MemberId{7}, fence})));
}

}  // namespace
}  // namespace quorate::host
