// SPDX-License-Identifier: Apache-2.0
//
// What `./dev` decides by itself before it hands over to the command line tool. A copy of it stands
// in an empty folder, with a tool and a cmake that only say what they were given: nothing is built.
// `./dev check` is in check_test.cpp.

#include "programs.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace shimfuzz {
namespace {

namespace fs = std::filesystem;
using tests::Ended;

class Dev : public tests::InEmptyFolder {
protected:
    void SetUp() override {
        InEmptyFolder::SetUp();
        fs::create_directories(folder_ / "build" / "fuzz" / "cli");
        tests::write(folder_ / "build" / "fuzz" / "build.ninja", "");
        put_script("build/fuzz/cli/shimfuzz", "echo \"given: $*\"");
        put_script("cmake", "echo \"$*\" >>asked");
        fs::copy(fs::path{SHIMFUZZ_SOURCE_DIR} / "dev", folder_);
    }

    void put_script(const std::string& name, const std::string& line) const {
        tests::write(folder_ / name, "#!/bin/sh\n" + line + "\n");
        fs::permissions(folder_ / name, fs::perms::owner_all);
    }

    [[nodiscard]] Ended dev(const std::string& arguments) const {
        return tests::run(folder_, "/usr/bin/env", "PATH=\"$PWD:$PATH\" ./dev " + arguments);
    }

    // Expects `arguments` to reach the tool as `given`, in a build that has whole lws as `whole`
    // says.
    void expect_given(const std::string& arguments, const std::string& given,
                      const std::string& whole) const {
        fs::remove(folder_ / "asked");
        const Ended ended = dev(arguments);
        EXPECT_EQ(ended.exit_code, 0) << arguments << '\n' << ended.err;
        EXPECT_EQ(ended.out, "given: " + given + '\n') << arguments;
        EXPECT_EQ(ended.err, "") << arguments;
        EXPECT_NE(tests::read(folder_ / "asked").find("-DSHIMFUZZ_WHOLE_LWS=" + whole + '\n'),
                  std::string::npos)
            << arguments;
    }
};

TEST_F(Dev, hands_over_to_the_tool) {
    expect_given("shimfuzz", "", "OFF");
    expect_given("shimfuzz decode 'a b'", "decode a b", "OFF");
    expect_given("explain a --subject reference", "explain a --subject reference", "OFF");
    expect_given("regress a --subject reference --out b", "regress a --subject reference --out b",
                 "OFF");
    expect_given("report a", "report a", "OFF");
}

TEST_F(Dev, builds_whole_lws_for_who_speaks_of_one) {
    expect_given("list", "list", "ON");
    expect_given("report --declared", "report --declared", "ON");
    expect_given("shimfuzz list subjects", "list subjects", "ON");
    expect_given("minimize a --subject lws_4_3_5", "minimize a --subject lws_4_3_5", "ON");
    expect_given("reproduce crash-1", "reproduce crash-1", "ON");
    expect_given("explain a --subject=lws_5", "explain a --subject=lws_5", "ON");
}

TEST_F(Dev, keeps_whole_lws_in_a_build_that_has_them) {
    tests::write(folder_ / "build" / "fuzz" / "CMakeCache.txt", "SHIMFUZZ_WHOLE_LWS:BOOL=ON\n");
    expect_given("shimfuzz", "", "ON");
}

}  // namespace
}  // namespace shimfuzz
