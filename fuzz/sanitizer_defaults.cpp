// SPDX-License-Identifier: Apache-2.0
//
// What AddressSanitizer does in a fuzz target unless ASAN_OPTIONS says otherwise.

extern "C" const char* __asan_default_options();

// Freed memory is kept from being used again so that a late access is seen. A connection lives for
// one scenario and frees a few kilobytes, so this is hundreds of scenarios; the default of 256 MiB
// would only keep every allocation out of the processor's caches.
//
// Of who allocated and who freed, eight frames are remembered and not thirty: enough to get out of
// lws's allocator into whoever called it. Signatures come from the access itself.
//
// What a connection leaves behind is counted by ourselves and has a signature (nothing_leaks),
// which may be known; LeakSanitizer would end the process for it.
extern "C" const char* __asan_default_options() {
    return "quarantine_size_mb=4:malloc_context_size=8:detect_leaks=0";
}
