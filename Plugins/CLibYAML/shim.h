#include <yaml.h>
#include <pthread.h>

#if defined(__linux__)
// A GNU extension, which <pthread.h> shows only with _GNU_SOURCE; Swift's Glibc module is built without it.
extern int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);

/// The calling thread's stack; pthread_getattr_np(3). Zero on success, else an error number.
static inline int holdfast_thread_stack(void **base, size_t *size) {
    pthread_attr_t attributes;
    int error = pthread_getattr_np(pthread_self(), &attributes);
    if (error != 0) return error;
    error = pthread_attr_getstack(&attributes, base, size);
    pthread_attr_destroy(&attributes);
    return error;
}
#endif

/// Where the calling function's frame is; under a sanitizer the address of a variable would not say.
static inline void *holdfast_frame_address(void) {
    return __builtin_frame_address(0);
}
