// The certificate authority in a directory. That etcd takes its certificates on both ports, and
// clients too, is what every Tls case beside this file shows.
#include "adapters/local/pki.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "tests/contract/etcd/cluster.hpp"

namespace quorate::local {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

constexpr Instant start{1'800'000'000'000'000};

constexpr Span days(std::int64_t n) { return hours(24 * n); }

unsigned mode_of(const fs::path& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777 : 0;
}

bool verified_for(const fs::path& file, const char* name) {
    std::FILE* stream = std::fopen(file.c_str(), "r");
    X509* certificate = PEM_read_X509(stream, nullptr, nullptr, nullptr);
    std::fclose(stream);
    const bool good = X509_check_ip_asc(certificate, name, 0) == 1 ||
                      X509_check_host(certificate, name, 0, 0, nullptr) == 1;
    X509_free(certificate);
    return good;
}

Instant begin_of(const fs::path& file) {
    std::FILE* stream = std::fopen(file.c_str(), "r");
    X509* certificate = PEM_read_X509(stream, nullptr, nullptr, nullptr);
    std::fclose(stream);
    std::tm broken_down{};
    ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &broken_down);
    X509_free(certificate);
    return Instant{std::int64_t{::timegm(&broken_down)} * 1'000'000};
}

class Pki : public testing::Test {
  protected:
    Files files() const {
        Files found;
        for (const auto& entry : fs::directory_iterator(dir)) {
            std::ifstream file(entry.path());
            found[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file),
                                                       std::istreambuf_iterator<char>()};
        }
        return found;
    }
    Result<void> ensure(Instant now) const {
        return ensure_pki(dir, {"localhost", "127.0.0.1"}, now);
    }
    void write(const char* name, const std::string& text) const {
        std::ofstream(dir / name) << text;
    }

    etcd::test::TempDir temp;
    fs::path dir = temp.path() / "deep" / "pki";
};

TEST_F(Pki, AllFilesAreMadeAndKeysAreTheOwnersAlone) {
    ASSERT_TRUE(ensure_pki(dir, {"localhost", "127.0.0.1", "::1"}));
    EXPECT_EQ(mode_of(dir), 0700U);
    for (const char* name : {"ca.key", "peer.key", "client.key"})
        EXPECT_EQ(mode_of(dir / name), 0600U) << name;
    for (const char* name : {"ca.crt", "peer.crt", "client.crt"})
        EXPECT_TRUE(fs::exists(dir / name)) << name;
    for (const char* name : {"localhost", "127.0.0.1", "::1"})
        EXPECT_TRUE(verified_for(dir / "peer.crt", name)) << name;
    EXPECT_EQ(files().size(), 6U);
    // Nothing half-made stays beside it.
    EXPECT_EQ(std::distance(fs::directory_iterator(dir.parent_path()), fs::directory_iterator()),
              1);
}

TEST_F(Pki, ASecondCallChangesNothing) {
    ASSERT_TRUE(ensure(start));
    const Files before = files();
    ASSERT_TRUE(ensure(start + days(200)));
    EXPECT_EQ(files(), before);
}

TEST_F(Pki, AnEmptyDirectoryIsFilled) {
    fs::create_directories(dir);
    ASSERT_TRUE(ensure(start));
    EXPECT_EQ(files().size(), 6U);
    EXPECT_EQ(mode_of(dir), 0700U);
}

TEST_F(Pki, CertificatesPastTwoThirdsAreRenewedForTheSameKeys) {
    ASSERT_TRUE(ensure(start));
    Files before = files();
    ASSERT_TRUE(ensure(start + days(250)));
    Files after = files();
    EXPECT_NE(after["peer.crt"], before["peer.crt"]);
    EXPECT_NE(after["client.crt"], before["client.crt"]);
    for (const char* name : {"ca.crt", "ca.key", "peer.key", "client.key"})
        EXPECT_EQ(after[name], before[name]) << name;
    EXPECT_EQ(after.size(), 6U);
    ASSERT_TRUE(ensure(start + days(251)));
    EXPECT_EQ(files(), after);
}

TEST_F(Pki, AnExpiredCertificateIsRenewedToo) {
    ASSERT_TRUE(ensure(start));
    Files before = files();
    ASSERT_TRUE(ensure(start + days(1000)));
    EXPECT_NE(files()["peer.crt"], before["peer.crt"]);
}

TEST_F(Pki, ANewNameIsAddedToThePeerCertificate) {
    ASSERT_TRUE(ensure(start));
    Files before = files();
    ASSERT_TRUE(ensure_pki(dir, {"127.0.0.1", "etcd-1.example"}, start));
    EXPECT_TRUE(verified_for(dir / "peer.crt", "etcd-1.example"));
    EXPECT_EQ(files()["client.crt"], before["client.crt"]);
}

TEST_F(Pki, ACertificateOfItsOwnNamesItsHolderAloneAndIsKept) {
    ASSERT_TRUE(ensure(start));
    ASSERT_TRUE(ensure_certificate(dir, "agent-1", "agent-1.quorate", start));
    EXPECT_TRUE(verified_for(dir / "agent-1.crt", "agent-1.quorate"));
    EXPECT_FALSE(verified_for(dir / "agent-1.crt", "agent-2.quorate"));
    EXPECT_FALSE(verified_for(dir / "agent-1.crt", "localhost"));
    EXPECT_FALSE(verified_for(dir / "peer.crt", "agent-1.quorate"));
    EXPECT_EQ(mode_of(dir / "agent-1.key"), 0600U);
    Files before = files();
    ASSERT_TRUE(ensure(start + days(1)));
    ASSERT_TRUE(ensure_certificate(dir, "agent-1", "agent-1.quorate", start + days(1)));
    EXPECT_EQ(files(), before);
    ASSERT_TRUE(ensure_certificate(dir, "agent-1", "agent-1.quorate", start + days(250)));
    EXPECT_NE(files()["agent-1.crt"], before["agent-1.crt"]);
    EXPECT_EQ(files()["agent-1.key"], before["agent-1.key"]);
}

TEST_F(Pki, AKeyThatACrashLeftWithoutItsCertificateIsMadeAnew) {
    ASSERT_TRUE(ensure(start));
    write("agent-1.key", "half a k");
    ASSERT_TRUE(ensure_certificate(dir, "agent-1", "agent-1.quorate", start));
    EXPECT_TRUE(verified_for(dir / "agent-1.crt", "agent-1.quorate"));
    ASSERT_TRUE(ensure_certificate(dir, "agent-1", "agent-1.quorate", start)) << "key and all";
}

TEST_F(Pki, WithoutAnAuthorityNoCertificateIsMade) {
    EXPECT_FALSE(ensure_certificate(dir, "agent-1", "agent-1.quorate", start));
}

TEST_F(Pki, CertificatesHoldForClocksAnHourBehind) {
    ASSERT_TRUE(ensure(start));
    for (const char* name : {"ca.crt", "peer.crt", "client.crt"})
        EXPECT_EQ(begin_of(dir / name), start - hours(1)) << name;
}

TEST_F(Pki, SeveralAgentsMayStartAtOnce) {
    const auto at_once = [&](Instant now) {
        std::vector<std::thread> agents;
        std::atomic<int> good = 0;
        for (int count = 0; count < 8; ++count)
            agents.emplace_back([&] { good += ensure(now) ? 1 : 0; });
        for (std::thread& agent : agents)
            agent.join();
        return good.load();
    };
    EXPECT_EQ(at_once(start), 8);
    EXPECT_EQ(files().size(), 6U);
    EXPECT_EQ(at_once(start + days(300)), 8);
    EXPECT_EQ(files().size(), 6U);
    EXPECT_EQ(mode_of(dir / "peer.crt"), 0644U);
    EXPECT_TRUE(ensure(start + days(300)));
}

TEST_F(Pki, AnExpiredAuthorityIsRefused) {
    ASSERT_TRUE(ensure(start));
    const auto late = ensure(start + days(3653));
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().what, testing::HasSubstr("expired"));
}

TEST_F(Pki, AMissingFileIsRefusedAndNothingIsOverwritten) {
    for (const char* name :
         {"ca.crt", "ca.key", "peer.crt", "peer.key", "client.crt", "client.key"}) {
        fs::remove_all(dir);
        ASSERT_TRUE(ensure(start));
        fs::remove(dir / name);
        const Files before = files();
        const auto again = ensure(start + days(300));
        ASSERT_FALSE(again) << name;
        EXPECT_EQ(again.error().where, (dir / name).string());
        EXPECT_EQ(files(), before) << name;
    }
}

TEST_F(Pki, ADamagedFileIsRefusedByName) {
    for (const char* name :
         {"ca.crt", "ca.key", "peer.crt", "peer.key", "client.crt", "client.key"}) {
        fs::remove_all(dir);
        ASSERT_TRUE(ensure(start));
        write(name, "-----BEGIN");
        const Files before = files();
        const auto again = ensure(start + days(300));
        ASSERT_FALSE(again) << name;
        EXPECT_EQ(again.error().where, (dir / name).string());
        EXPECT_EQ(files(), before) << name;
    }
}

TEST_F(Pki, FilesOfAnotherAuthorityAreRefused) {
    ASSERT_TRUE(ensure(start));
    const Files first = files();
    const fs::path other = temp.path() / "other";
    ASSERT_TRUE(ensure_pki(other, {"localhost", "127.0.0.1"}, start));
    for (const char* name : {"peer.crt", "peer.key"})
        fs::copy_file(other / name, dir / name, fs::copy_options::overwrite_existing);
    const auto mixed = ensure(start);
    ASSERT_FALSE(mixed);
    EXPECT_THAT(mixed.error().what, testing::HasSubstr("not signed by"));
    write("peer.crt", first.at("peer.crt"));
    const auto keyless = ensure(start);
    ASSERT_FALSE(keyless);
    EXPECT_THAT(keyless.error().what, testing::HasSubstr("does not belong"));
}

TEST_F(Pki, ADirectoryOfSomethingElseIsRefused) {
    fs::create_directories(dir);
    write("notes.txt", "mine");
    EXPECT_FALSE(ensure(start));
    EXPECT_EQ(files().size(), 1U);
}

TEST_F(Pki, MalformedNamesAreRefusedBeforeAnythingIsMade) {
    for (const char* name : {"", "a b", "a,DNS:evil", "*.example", "http://host"})
        EXPECT_FALSE(ensure_pki(dir, {name}, start)) << name;
    EXPECT_FALSE(ensure_pki(dir, {}, start));
    EXPECT_FALSE(fs::exists(dir));
}

}  // namespace
}  // namespace quorate::local
