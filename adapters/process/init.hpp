// The first process of a container. The kernel gives it every orphan of the container, ends it by
// no signal that it has no handler for, and ends everything with it. So it is a process of its own
// that does nothing else: the work is done in its child, which waits for its own children as
// anywhere else, and has nobody take their exit status away.
#pragma once

#include <functional>

namespace quorate::process {

// Runs `work` in a child process, where this returns what `work` returns. In the caller it returns
// how the child ended: its exit status, or 128 and the number of the signal. Meanwhile the caller
// reaps whatever ends and is handed to it, and passes SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGUSR2
// on to the child, which starts with the caller's handlers. To be called while there is one thread.
int as_init(const std::function<int()>& work);

}  // namespace quorate::process
