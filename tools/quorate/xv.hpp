// Scenarios played on real etcd and on the model of it, and compared (simulator.md 3.8).
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sim/xv/scenario.hpp"
#include "tools/xv/releases.hpp"

namespace quorate::cli {

struct XvOptions {
    std::vector<std::filesystem::path> files;
    std::vector<xv::Release> releases;
    bool model_only = false;  // the model against what the files say that real etcd did
    bool rewrite = false;     // the files' golden lines anew from real etcd
    bool trace = false;
    bool keep = false;  // what etcd left in its directories
    unsigned jobs = 1;
    unsigned times = 1;  // each on real etcd
};

struct XvResult {
    std::string file;
    Version version;
    std::string trouble;    // empty: it went as the file says, and so does the model
    std::string real_only;  // why the model was not asked
    std::size_t yield = 0;  // different outcomes of the model, of `seeds` orders of races
    std::uint64_t seeds = 0;
    std::vector<sim::xv::Trace> seen;  // on real etcd

    bool good() const { return trouble.empty(); }
};

struct XvReport {
    std::vector<XvResult> results;

    std::size_t failed() const;
    int exit_code() const;  // 15: a discrepancy
};

using XvTold = std::function<void(const XvResult&)>;
XvReport run_xv(const XvOptions& options, const std::atomic<bool>& stop, const XvTold& told);

std::string text_of(const XvResult& result);
std::string text_of(const XvReport& report);  // the verdict

}  // namespace quorate::cli
