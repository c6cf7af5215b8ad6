#include "adapters/log/log.hpp"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace quorate::log {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{8} << 20;
constexpr std::size_t files_max = 2;

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

}  // namespace

struct Log::Sink {
    explicit Sink(spdlog::sink_ptr to)
        : logger(std::make_shared<spdlog::logger>("quorate", std::move(to))) {
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
        logger->flush_on(spdlog::level::info);
    }
    std::shared_ptr<spdlog::logger> logger;
};

Log::Log(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}
Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::open(const std::filesystem::path& file) {
    try {
        return std::unique_ptr<Log>(
            new Log(std::make_unique<Sink>(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
                file.string(), file_bytes_max, files_max))));
    } catch (const spdlog::spdlog_ex& error) {
        return refused(error.what(), file);
    }
}

Result<std::unique_ptr<Log>> Log::to_stderr() {
    return std::unique_ptr<Log>(
        new Log(std::make_unique<Sink>(std::make_shared<spdlog::sinks::stderr_sink_mt>())));
}

void Log::line(Level level, const std::string& text) { sink_->logger->log(level_of(level), text); }

}  // namespace quorate::log
