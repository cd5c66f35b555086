// SPDX-License-Identifier: Apache-2.0
//
// What drives the fuzz binaries of a build.
#pragma once

#include <optional>
#include <string_view>

namespace shimfuzz::cli {

enum class Engine { libfuzzer, afl };

// engine_names are what people call them, for an error that must name them all.
inline constexpr std::string_view engine_names = "libfuzzer, afl";

// find_engine returns the engine called `name`, or nothing.
[[nodiscard]] inline std::optional<Engine> find_engine(std::string_view name) noexcept {
    if (name == "libfuzzer") {
        return Engine::libfuzzer;
    }
    return name == "afl" ? std::optional{Engine::afl} : std::nullopt;
}

[[nodiscard]] inline std::string_view spell(Engine engine) noexcept {
    return engine == Engine::afl ? "afl" : "libfuzzer";
}

}  // namespace shimfuzz::cli
