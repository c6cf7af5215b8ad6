// The verbs of the program, one file each. Each adds its subcommand; when that was called, the exit
// is set.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/quorate/exit.hpp"

namespace quorate::cli {

void add_up(CLI::App& app, Exit& exit);
void add_down(CLI::App& app, Exit& exit);
void add_scale(CLI::App& app, Exit& exit);
void add_status(CLI::App& app, Exit& exit);
void add_wait(CLI::App& app, Exit& exit);
void add_explain(CLI::App& app, Exit& exit);
void add_journal(CLI::App& app, Exit& exit);
void add_replay(CLI::App& app, Exit& exit);
void add_recover(CLI::App& app, Exit& exit);
void add_sim(CLI::App& app, Exit& exit);
void add_upgrade(CLI::App& app, Exit& exit);
void add_sim_xv(CLI::App& sim, Exit& exit);
void add_run(CLI::App& app, Exit& exit);
void add_version(CLI::App& app, Exit& exit);

}  // namespace quorate::cli
