#include "tests/kube/support/lifecycle.hpp"

#include <algorithm>
#include <cctype>

namespace quorate::kube_e2e {
namespace {

// Some are always in flight, and few enough to be read back after minutes.
constexpr std::chrono::milliseconds pause_of_writer{40};

// Scaling.OneThreeFive -> scaling-one-three-five, as far as a namespace's name goes.
std::string kebab(const testing::TestInfo& test) {
    std::string text;
    for (const char letter : std::string(test.test_suite_name()) + test.name()) {
        const auto byte = static_cast<unsigned char>(letter);
        if (std::isupper(byte) && !text.empty()) text += '-';
        text += static_cast<char>(std::tolower(byte));
    }
    text.resize(std::min<std::size_t>(text.size(), 48));
    while (text.back() == '-')
        text.pop_back();
    return text;
}

}  // namespace

void Lifecycle::SetUp() {
    if (!is_here()) GTEST_SKIP() << "no cluster is here: tools/e2e-kube test brings one up";
}

Cluster& Lifecycle::install(Cluster::Options options) {
    writer_.reset();
    cluster_.reset();
    return cluster_.emplace(kebab(*testing::UnitTest::GetInstance()->current_test_info()),
                            std::move(options));
}

Cluster& Lifecycle::form(Cluster::Options options, int writers) {
    const int replicas = options.replicas;
    install(std::move(options));
    cluster_->await_steady(replicas);
    writer_.emplace(cluster_->clients(writers > 0 ? writers : replicas), pause_of_writer);
    expect_writes_go_on();
    return *cluster_;
}

void Lifecycle::expect_writes_go_on() { EXPECT_TRUE(writer().goes_on()) << cluster().picture(); }

void Lifecycle::TearDown() {
    if (!cluster_) return;
    if (HasFailure()) {
        ADD_FAILURE() << "the cluster at the end:" << cluster_->picture();
        writer_.reset();
    } else {
        const std::string missing = writer_ ? writer_->missing() : "";
        EXPECT_EQ(missing, "");
        writer_.reset();
        cluster_->end();
        EXPECT_EQ(cluster_->unreplayable(), "");
    }
    cluster_.reset();
}

}  // namespace quorate::kube_e2e
