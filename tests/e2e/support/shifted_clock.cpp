// Preloaded into `quorate` by the tests of a clock that jumps: what the program itself reads as the
// system's time is shifted by the seconds that a file holds. Libraries keep the kernel's time: they
// hand absolute times of that clock back to the kernel in their waits, which a real jump moves and
// this one does not; shifted, they would spin, or wait for a day.
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

using Read = int (*)(clockid_t, timespec*);

struct Program {  // where its own code lies
    std::uintptr_t begin = UINTPTR_MAX;
    std::uintptr_t end = 0;
};

Program program;
std::atomic<std::int64_t>* shift_s = nullptr;  // in the mapped file
Read read_next = nullptr;

// The program is the first object that is told of.
int take_first(dl_phdr_info* object, std::size_t, void*) {
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& part = object->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
        program.begin = object->dlpi_addr + part.p_vaddr;
        program.end = program.begin + part.p_memsz;
    }
    return 1;
}

[[gnu::constructor]] void begin() {
    const char* file = std::getenv("QUORATE_SHIFTED_BY");
    const int opened = file == nullptr ? -1 : ::open(file, O_RDONLY | O_CLOEXEC);
    if (opened < 0) return;
    void* mapped = ::mmap(nullptr, sizeof(*shift_s), PROT_READ, MAP_SHARED, opened, 0);
    ::close(opened);
    if (mapped == MAP_FAILED) return;
    read_next = reinterpret_cast<Read>(::dlsym(RTLD_NEXT, "clock_gettime"));
    ::dl_iterate_phdr(take_first, nullptr);
    shift_s = static_cast<std::atomic<std::int64_t>*>(mapped);
}

}  // namespace

extern "C" int clock_gettime(clockid_t id, timespec* time) {
    const auto caller = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
    const int failed = read_next != nullptr
                           ? read_next(id, time)
                           : static_cast<int>(::syscall(SYS_clock_gettime, id, time));
    const bool own = caller >= program.begin && caller < program.end;
    if (failed == 0 && own && id == CLOCK_REALTIME && shift_s != nullptr) time->tv_sec += *shift_s;
    return failed;
}
