// What the journals of a release hold after all kinds of lives.
#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace {

struct Journals : Lifecycle {};

// Each case ends with it; here there is most to be decided again: claims that were members before,
// a pod that was killed, one that was deleted.
TEST_F(Journals, EveryOneReplaysElsewhere) {
    form();
    cluster().scale(1);
    cluster().await_steady(1);
    cluster().scale(3);
    cluster().await_steady(3);
    cluster().delete_pod(0, {"--force", "--grace-period=0"});
    cluster().await_steady(3);
    cluster().end();
    EXPECT_EQ(cluster().unreplayable(), "");
    for (const int i : {0, 1, 2}) {
        const std::string told = cluster().told_by_journal(i);
        EXPECT_NE(told.find("events agree"), std::string::npos) << told;
    }
    cluster().install();
    cluster().await_steady(3);
    expect_writes_go_on();
}

}  // namespace
}  // namespace quorate::kube_e2e
