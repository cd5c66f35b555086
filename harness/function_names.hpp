// SPDX-License-Identifier: Apache-2.0
//
// The names of this program's own functions, by offset, read from its symbol table.
//
// A sanitizer's symbolizer costs ten times the abort it explains; the name of the function is all
// that a signature needs, and the symbol table has it, static functions included. Lines and inlined
// calls are for whoever explains a death, once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace shimfuzz::harness {

class FunctionNames {
public:
    // Reads the program that runs, which stays mapped. Knows no name at all if that cannot be read.
    FunctionNames();
    ~FunctionNames();
    FunctionNames(const FunctionNames&) = delete;
    FunctionNames& operator=(const FunctionNames&) = delete;

    // program returns the path of the program, as sanitizers print it.
    [[nodiscard]] const std::string& program() const noexcept { return program_; }

    // name_at returns the function that holds `offset`, counted from where the program is loaded,
    // or "" where none does. C++ names come as the linker spells them, names of C without what a
    // compiler appends to the copies it makes (".isra.0").
    [[nodiscard]] std::string name_at(std::uint64_t offset) const;

private:
    // A program has tens of thousands of functions, and few of them are ever asked for: a name is
    // where it stands in the file.
    struct Range {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        std::uint64_t name = 0;
        bool intercepts = false;  // a sanitizer's, in the place of another function
    };
    std::string program_;
    std::span<const char> file_;
    std::vector<Range> ranges_;  // by begin
};

}  // namespace shimfuzz::harness
