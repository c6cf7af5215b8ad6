#include "tests/e2e/support/writer.hpp"

#include <chrono>
#include <optional>
#include <variant>

#include "tests/e2e/support/run.hpp"

namespace quorate::e2e {
namespace {

constexpr Span put_deadline = seconds(2);
constexpr Span get_deadline = seconds(10);

std::string key_of(std::size_t number) { return "written/" + std::to_string(number); }

}  // namespace

std::string Writer::value_of(std::size_t number) {
    return "value-of-write-number-" + std::to_string(1'000'000 + number);
}

Writer::Writer(Clients clients, std::chrono::milliseconds pause)
    : clients_(std::move(clients)), pause_(pause), thread_([this] { write(); }) {}

Writer::~Writer() { stop(); }

void Writer::stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
}

bool Writer::goes_on(std::size_t more) const {
    const std::size_t wanted = acknowledged_ + more;
    return eventually([&] { return acknowledged_ >= wanted; });
}

void Writer::write() {
    for (std::size_t number = 0; !stopping_; ++number) {
        etcd::Client& client = *clients_[number % clients_.size()];
        const auto answer = client.put(key_of(number), value_of(number), put_deadline);
        if (const auto* revision = std::get_if<Revision>(&answer)) {
            numbers_.push_back(number);
            if (*revision <= newest_)
                backwards_ += key_of(number) + " is of revision " +
                              std::to_string(revision->value) + ", one before it of " +
                              std::to_string(newest_.value) + "\n";
            newest_ = std::max(newest_, *revision);
            ++acknowledged_;
        }
        std::this_thread::sleep_for(pause_);  // the rate of writes; nothing is awaited
    }
}

std::string Writer::missing() {
    stop();
    std::string problems = backwards_;
    std::size_t turn = 0;
    for (const std::size_t number : numbers_) {
        std::optional<std::string> value;
        const bool read = eventually([&] {
            const auto answer = clients_[turn % clients_.size()]->get(key_of(number), get_deadline);
            const auto* found = std::get_if<std::optional<std::string>>(&answer);
            if (found == nullptr) {
                ++turn;  // the next one may answer
                return false;
            }
            value = *found;
            return true;
        });
        if (!read) return problems + key_of(number) + " cannot be read from any member\n";
        if (!value) problems += key_of(number) + " is gone\n";
        if (value && *value != value_of(number))
            problems += key_of(number) + " is " + *value + "\n";
    }
    return problems;
}

}  // namespace quorate::e2e
