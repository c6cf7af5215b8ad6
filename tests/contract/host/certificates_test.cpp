// Certificates are renewed while etcd and agents use them.
#include "adapters/host/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "adapters/local/pki.hpp"
#include "tests/contract/etcd/cluster.hpp"

namespace quorate::host {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> names{"localhost", "127.0.0.1"};

Instant days_ago(std::int64_t days) {
    return Instant{(std::int64_t{std::time(nullptr)} - days * 86'400) * 1'000'000};
}

struct CertificatesTest : testing::Test {
    // As they were made, and not looked at since.
    void make(std::int64_t days) {
        ASSERT_TRUE(local::ensure_pki(dir, names, days_ago(days)));
        ASSERT_TRUE(local::ensure_certificate(dir, "agent-1", "agent-1.quorate", days_ago(days)));
    }
    Instant end_of(const std::string& name) const {
        return *local::end_of_certificate(dir / (name + ".crt"));
    }
    // Until it has looked so often.
    void look(std::size_t times) {
        CertificatesSpec spec = certificates_of(dir, names, Ordinal{1});
        spec.period = milliseconds(1);
        Certificates certificates(
            loop, tasks, std::move(spec),
            {[&](log::Level, const std::string& line) { said.push_back(line); },
             [&](const std::string& name, Instant end) {
                 told[name] = end;
                 if (name == "ca" && ++looks == times) loop.stop();
             }});
        certificates.start();
        auto work = boost::asio::make_work_guard(loop);
        loop.run();
        tasks.stop();
    }

    etcd::test::TempDir home;
    const fs::path dir = home.path() / "pki";
    boost::asio::io_context loop;
    Tasks tasks{loop, 1};
    std::vector<std::string> said;
    std::map<std::string, Instant> told;
    std::size_t looks = 0;
};

TEST_F(CertificatesTest, ThoseOfADistantPastAreRenewedAndTheirEndIsTold) {
    make(300);
    const Instant authority = end_of("ca");
    look(1);
    for (const char* name : {"peer", "client", "agent-1"}) {
        EXPECT_GT(end_of(name), days_ago(-300)) << name;
        EXPECT_EQ(told.at(name), end_of(name)) << name;
    }
    EXPECT_EQ(end_of("ca"), authority);
    EXPECT_EQ(told.at("ca"), authority);
}

TEST_F(CertificatesTest, ThoseThatAreNewStay) {
    make(1);
    const Instant peer = end_of("peer");
    look(3);
    EXPECT_EQ(end_of("peer"), peer);
    EXPECT_THAT(said, ElementsAre());
}

TEST_F(CertificatesTest, WhatCannotBeRenewedIsToldOnce) {
    make(300);
    fs::rename(dir / "ca.key", dir / "ca.key.away");
    look(3);
    EXPECT_THAT(said, ElementsAre(HasSubstr("ca.key")));
    EXPECT_LT(end_of("peer"), days_ago(-100)) << "it is told when it expires all the same";
}

}  // namespace
}  // namespace quorate::host
