// Blocking work off the main thread: a few worker threads take tasks in order; what a task brings
// back is posted to the main loop. Bounded: the core never has more commands in flight.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>

namespace quorate::host {

class Tasks {
  public:
    Tasks(boost::asio::io_context& loop, std::size_t threads) : loop_(loop), pool_(threads) {}
    ~Tasks() { stop(); }

    // `work` runs on a worker; the function it returns runs on the main loop.
    void run(std::function<std::function<void()>()> work) {
        boost::asio::post(pool_,
                          [this, work = std::move(work)] { boost::asio::post(loop_, work()); });
    }

    // Waits for what is under way; later results are dropped with the loop.
    void stop() {
        pool_.stop();
        pool_.join();
    }

  private:
    boost::asio::io_context& loop_;
    boost::asio::thread_pool pool_;
};

}  // namespace quorate::host
