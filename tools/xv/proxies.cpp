#include "tools/xv/proxies.hpp"

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <future>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

namespace quorate::xv {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::ip::tcp;
using boost::system::error_code;

unsigned port_in(const std::string& address) {
    unsigned port = 0;
    const std::size_t colon = address.find(':') + 1;
    std::from_chars(address.data() + colon, address.data() + address.size(), port, 16);
    return port;
}

// The inode of the socket from `local` to `remote`, as /proc/net/tcp has it; empty: it is gone.
std::string socket_of(unsigned local, unsigned remote) {
    std::ifstream table("/proc/net/tcp");
    std::string line;
    while (std::getline(table, line)) {
        std::istringstream fields(line);
        std::string slot, from, to, skip, inode;
        fields >> slot >> from >> to;
        for (int i = 0; i < 6; ++i)
            fields >> skip;
        fields >> inode;
        if (port_in(from) == local && port_in(to) == remote) return "socket:[" + inode + "]";
    }
    return {};
}

bool has_open(pid_t pid, const std::string& socket) {
    std::error_code error;
    const fs::path folder = fs::path("/proc") / std::to_string(pid) / "fd";
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (fs::read_symlink(entry.path(), error) == socket) return true;
    return false;
}

// One connection: two directions, each read and written in turn; both end together.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(tcp::socket from, tcp::socket to) : ends_{std::move(from), std::move(to)} {}

    void pump() {
        forward(0);
        forward(1);
    }
    void close() {
        error_code ignored;
        for (tcp::socket& end : ends_)
            end.close(ignored);
    }

  private:
    void forward(std::size_t from) {
        ends_[from].async_read_some(
            asio::buffer(buffers_[from]),
            [self = shared_from_this(), from](const error_code& error, std::size_t size) {
                if (error) return self->close();
                asio::async_write(self->ends_[1 - from], asio::buffer(self->buffers_[from], size),
                                  [self, from](const error_code& failed, std::size_t) {
                                      if (failed) return self->close();
                                      self->forward(from);
                                  });
            });
    }

    std::array<tcp::socket, 2> ends_;
    std::array<std::array<char, 16 << 10>, 2> buffers_{};
};

}  // namespace

// Everything but the thread itself is touched by the thread alone.
struct Proxies::Inside {
    struct Door {
        tcp::acceptor acceptor;
        std::uint8_t member;
        std::uint16_t port;
        std::uint16_t target;
    };
    struct Open {
        std::optional<std::uint8_t> from;
        std::uint8_t to;
        std::weak_ptr<Connection> connection;
    };

    std::optional<std::uint8_t> owner(const tcp::socket& socket, std::uint16_t port) const {
        error_code error;
        const std::string inode = socket_of(socket.remote_endpoint(error).port(), port);
        if (error || inode.empty()) return std::nullopt;
        for (const auto& [member, pid] : pids)
            if (has_open(pid, inode)) return member;
        return std::nullopt;
    }

    bool is_cut(std::optional<std::uint8_t> a, std::uint8_t b) const {
        return a && cuts.count({*a, b}) != 0;
    }

    void accept(Door& door) {
        door.acceptor.async_accept([this, &door](const error_code& error, tcp::socket socket) {
            if (error) return;
            admit(door, std::move(socket));
            accept(door);
        });
    }

    void admit(const Door& door, tcp::socket socket) {
        const auto from = owner(socket, door.port);
        if (is_cut(from, door.member)) return;
        error_code error;
        tcp::socket on(io);
        on.connect({asio::ip::address_v4::loopback(), door.target}, error);
        if (error) return;
        on.set_option(tcp::no_delay(true), error);
        socket.set_option(tcp::no_delay(true), error);
        const auto connection = std::make_shared<Connection>(std::move(socket), std::move(on));
        connection->pump();
        std::erase_if(open, [](const Open& one) { return one.connection.expired(); });
        open.push_back({from, door.member, connection});
    }

    void close_cut() {
        for (const Open& one : open)
            if (const auto connection = one.connection.lock();
                connection && is_cut(one.from, one.to))
                connection->close();
    }

    // Done when it returns.
    template <class Work>
    void do_inside(Work work) {
        std::promise<void> done;
        asio::post(io, [&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }

    asio::io_context io;
    asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
    std::list<Door> doors;
    std::list<Open> open;
    std::map<std::uint8_t, pid_t> pids;
    std::set<std::pair<std::uint8_t, std::uint8_t>> cuts;
    std::thread thread;
};

Proxies::Proxies() : inside_(std::make_unique<Inside>()) {
    inside_->thread = std::thread([inside = inside_.get()] { inside->io.run(); });
}

Proxies::~Proxies() {
    inside_->io.stop();
    inside_->thread.join();
}

bool Proxies::serve(std::uint8_t member, std::uint16_t port, std::uint16_t target) {
    bool good = false;
    inside_->do_inside([&] {
        tcp::acceptor acceptor(inside_->io);
        error_code error;
        acceptor.open(tcp::v4(), error);
        acceptor.set_option(tcp::acceptor::reuse_address(true), error);
        acceptor.bind({asio::ip::address_v4::loopback(), port}, error);
        if (!error) acceptor.listen(64, error);
        if (error) return;
        inside_->doors.push_back({std::move(acceptor), member, port, target});
        inside_->accept(inside_->doors.back());
        good = true;
    });
    return good;
}

void Proxies::runs_as(std::uint8_t member, pid_t pid) {
    inside_->do_inside([&] { inside_->pids[member] = pid; });
}

void Proxies::cut(std::uint8_t a, std::uint8_t b) {
    inside_->do_inside([&] {
        inside_->cuts.insert({a, b});
        inside_->cuts.insert({b, a});
        inside_->close_cut();
    });
}

void Proxies::heal() {
    inside_->do_inside([&] { inside_->cuts.clear(); });
}

}  // namespace quorate::xv
