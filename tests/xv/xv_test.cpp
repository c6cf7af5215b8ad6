// Every scenario of scenarios/xv on one release of real etcd (QUORATE_XV_ETCD), against what its
// file says and against the simulator's model. They run several at a time, all before the first
// case.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "tools/quorate/xv.hpp"

namespace quorate::cli {
namespace {

namespace fs = std::filesystem;

constexpr unsigned clusters_at_a_time = 3;

std::vector<fs::path> files() {
    const char* root = std::getenv("QUORATE_SCENARIOS");
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry :
         fs::directory_iterator(fs::path(root != nullptr ? root : "scenarios") / "xv", error))
        if (entry.path().extension() == ".scn") found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

std::map<std::string, XvResult> run_all() {
    const char* wanted = std::getenv("QUORATE_XV_ETCD");
    XvOptions options;
    options.files = files();
    options.jobs = clusters_at_a_time;
    const auto releases = xv::releases_at_hand();
    if (const auto* release = xv::find_release(releases, wanted != nullptr ? wanted : ""))
        options.releases = {*release};
    const std::atomic<bool> stop = false;
    std::map<std::string, XvResult> results;
    for (const XvResult& result : run_xv(options, stop, [](const XvResult&) {}).results)
        results[result.file] = result;
    return results;
}

class Xv : public testing::TestWithParam<fs::path> {};

TEST_P(Xv, RealEtcdAndItsModelDoTheSame) {
    static const std::map<std::string, XvResult> results = run_all();
    const auto result = results.find(GetParam().stem());
    ASSERT_NE(result, results.end()) << "this release of etcd is not here";
    EXPECT_TRUE(result->second.good()) << text_of(result->second);
}

std::string case_name(const testing::TestParamInfo<fs::path>& info) {
    std::string name = info.param.stem();
    for (char& c : name)
        if (c == '-' || c == '.') c = '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, Xv, testing::ValuesIn(files()), case_name);

}  // namespace
}  // namespace quorate::cli
