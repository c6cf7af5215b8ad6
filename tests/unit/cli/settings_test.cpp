// The keys of --set and quorate.yaml.
#include "adapters/host/settings.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "adapters/host/etcd_arguments.hpp"
#include "tools/quorate/setup.hpp"

namespace quorate::host {
namespace {

namespace fs = std::filesystem;

std::string why(const Result<void>& result) { return result ? "" : result.error().what; }

struct Yaml : testing::Test {
    Yaml() {
        std::string path = "/tmp/quorate-settings-XXXXXX";
        dir = ::mkdtemp(path.data());
    }
    ~Yaml() override { fs::remove_all(dir); }

    Result<void> read(const std::string& text) {
        std::ofstream(dir / "quorate.yaml") << text;
        return set_from_yaml(choices, dir / "quorate.yaml");
    }

    fs::path dir;
    Choices choices;
};

// What the core takes for full must be what etcd takes for full.
TEST(Quota, IsTheOneThatEtcdIsStartedWithHoweverItIsWritten) {
    const auto quota = [](std::vector<std::string> arguments) {
        AgentConfig config;
        config.extra_arguments = std::move(arguments);
        return quota_of(settings_of(config));
    };
    EXPECT_EQ(quota({}), default_quota);
    EXPECT_EQ(quota({"--quota-backend-bytes=16777216"}), Bytes{16777216});
    EXPECT_EQ(quota({"--quota-backend-bytes", "16777216"}), Bytes{16777216});
    EXPECT_EQ(quota({"-quota-backend-bytes=7", "--quota-backend-bytes=8"}), Bytes{8});
    EXPECT_EQ(quota({"--quota-backend-bytes"}), default_quota);
    EXPECT_EQ(quota({"--quota-backend-bytes=0"}), default_quota);
}

TEST(Spans, HaveUnits) {
    EXPECT_EQ(parse_span("200ms"), milliseconds(200));
    EXPECT_EQ(parse_span("5s"), seconds(5));
    EXPECT_EQ(parse_span("2m"), minutes(2));
    EXPECT_EQ(parse_span("1h"), hours(1));
    EXPECT_EQ(parse_span("1m30s"), seconds(90));
    EXPECT_EQ(parse_span("0s"), Span{});
}

TEST(Spans, WithoutUnitsOrSenseAreNone) {
    for (const char* text : {"", "5", "ms", "5 s", "-5s", "1.5s", "5x", "30s1m", "5s5s", "s5",
                             "99999999999999999999s", "9223372036854775807h"})
        EXPECT_EQ(parse_span(text), std::nullopt) << text;
}

TEST(Spans, AreWrittenAsTheyAreRead) {
    for (const char* text : {"200ms", "90s", "2m", "3h", "1500us", "0s"}) {
        ASSERT_TRUE(parse_span(text));
        EXPECT_EQ(to_text(*parse_span(text)), text);
    }
}

TEST(Keys, DefaultsAreThoseOfThePolicy) {
    EXPECT_EQ(Choices().policy, default_policy());
    for (const KeyText& key : keys_of(Choices()))
        if (key.key == "unresponsive_after") {
            EXPECT_EQ(key.value, "2m");
        }
}

// Each key changes one field and no other: set to another value, and back.
TEST(Keys, EachSetsOneFieldAndReadsBack) {
    for (const KeyText& key : keys_of(Choices())) {
        Choices choices;
        const std::string other = key.key == "etcd_arguments"      ? "--a=1 --b=2"
                                  : key.key == "snapshot_count"    ? "77"
                                  : key.key == "journal_bytes_max" ? "3MiB"
                                  : key.key == "peers_over"        ? "tcp"
                                                                   : "777ms";
        EXPECT_EQ(why(set(choices, key.key, other)), "") << key.key;
        EXPECT_NE(choices, Choices()) << key.key;
        std::size_t changed = 0;
        const auto defaults = keys_of(Choices());
        const auto now = keys_of(choices);
        for (std::size_t i = 0; i < now.size(); ++i)
            if (now[i].value != defaults[i].value) {
                ++changed;
                EXPECT_EQ(now[i].key, key.key);
                EXPECT_EQ(now[i].value, other);
            }
        EXPECT_EQ(changed, 1U) << key.key;
        EXPECT_EQ(why(set(choices, key.key, key.value)), "") << key.key;
        EXPECT_EQ(choices, Choices()) << key.key;
    }
}

TEST(Keys, AnUnknownOneIsRefusedWithTheNearest) {
    Choices choices;
    const std::string text = why(set(choices, "probe_perod=1s"));
    EXPECT_NE(text.find("\"probe_perod\""), std::string::npos) << text;
    EXPECT_NE(text.find("\"probe_period\""), std::string::npos) << text;
    EXPECT_EQ(choices, Choices());
}

TEST(Keys, ABadValueIsRefusedByName) {
    Choices choices;
    for (const char* assignment :
         {"probe_period=1", "probe_period=", "probe_period=1ms", "probe_period=-1s",
          "unresponsive_after=soon", "snapshot_count=0", "snapshot_count=many",
          "snapshot_count=5000000000", "journal_bytes_max=10", "journal_bytes_max=1KiB",
          "etcd_arguments=quota", "grace_period=100000h", "peers_over=udp", "peers_over="}) {
        const std::string text = why(set(choices, assignment));
        const std::string given = assignment;
        EXPECT_TRUE(text.starts_with(given.substr(0, given.find('=')) + ": \"")) << text;
        EXPECT_EQ(choices, Choices()) << assignment;
    }
}

TEST(Keys, AnAssignmentNeedsAKeyAndAValue) {
    Choices choices;
    EXPECT_NE(why(set(choices, "probe_period")), "");
    EXPECT_NE(why(set(choices, "=1s")), "");
}

TEST(Keys, ValuesThatContradictEachOtherAreRefused) {
    Choices choices;
    ASSERT_EQ(why(set(choices, "restart_backoff_min=1m")), "");
    EXPECT_NE(why(check_together(choices)).find("restart_backoff_max"), std::string::npos);
    EXPECT_EQ(why(check_together(Choices())), "");
}

TEST_F(Yaml, SetsTheSameKeys) {
    EXPECT_EQ(why(read("probe_period: 300ms\nsnapshot_count: 5000\n"
                       "etcd_arguments: [--quota-backend-bytes=1000000, --log-level=debug]\n")),
              "");
    EXPECT_EQ(choices.policy.probe_period, milliseconds(300));
    EXPECT_EQ(choices.snapshot_count, 5'000U);
    EXPECT_EQ(choices.etcd_arguments.size(), 2U);
}

TEST_F(Yaml, NoneOrAnEmptyOneSetsNothing) {
    EXPECT_EQ(why(set_from_yaml(choices, dir / "none.yaml")), "");
    EXPECT_EQ(why(read("# nothing yet\n")), "");
    EXPECT_EQ(choices, Choices());
}

TEST_F(Yaml, AFaultIsNamedWithItsLine) {
    for (const char* text :
         {"probe_period: 1s\nprobe_perod: 1s\n", "probe_period: 1s\nretry_period: soon\n",
          "probe_period: 1s\nprobe_period: 2s\n", "probe_period: 1s\nretry_period: {a: 1}\n"}) {
        Choices untouched;
        std::swap(choices, untouched);
        const auto result = read(text);
        ASSERT_FALSE(result) << text;
        EXPECT_TRUE(result.error().where.ends_with("quorate.yaml:2")) << result.error().where;
    }
    EXPECT_FALSE(read("- a\n- b\n"));
    EXPECT_FALSE(read("a: [\n"));
}

TEST_F(Yaml, WhatUpSettledIsReadBackByItsAgents) {
    cli::Setup setup;
    setup.etcd = "/usr/bin/etcd";
    setup.tls = false;
    setup.port_base = 4'000;
    ASSERT_EQ(why(set(setup.choices, "probe_period=321ms")), "");
    ASSERT_TRUE(cli::write_setup(dir / "setup.json", setup));
    const auto read = cli::read_setup(dir / "setup.json");
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->choices, setup.choices);
    EXPECT_EQ((*read)->etcd, setup.etcd);
    EXPECT_EQ((*read)->tls, setup.tls);
    EXPECT_EQ((*read)->port_base, setup.port_base);
}

TEST_F(Yaml, ADamagedSetupIsRefusedWithTheNextStep) {
    std::ofstream(dir / "setup.json") << "{\"format\": 1";
    const auto read = cli::read_setup(dir / "setup.json");
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().what.find("quorate up"), std::string::npos);
}

TEST(Operations, ListsEveryKeyWithItsDefault) {
    const char* path = std::getenv("QUORATE_OPERATIONS");
    if (path == nullptr) GTEST_SKIP() << "QUORATE_OPERATIONS is not set";
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    for (const KeyText& key : keys_of(Choices())) {
        const std::string row = "| `" + key.key + "` | " +
                                (key.value.empty() ? "none" : key.value) + " | " + key.meaning +
                                " |";
        EXPECT_NE(text.find(row), std::string::npos) << row;
    }
}

}  // namespace
}  // namespace quorate::host
