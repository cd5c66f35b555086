// SPDX-License-Identifier: Apache-2.0
//
// JSON held against a JSON schema, draft 7, as far as the schema of SARIF 2.1.0 goes.
//
// A keyword that is not known here is a complaint, so nothing is passed over in silence. Not looked
// at: `format`, which the draft leaves to whoever reads it, and what only describes.
#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace shimfuzz::tests {

class JsonSchema {
public:
    // Not in braces: to some compilers they would make an array of it.
    explicit JsonSchema(nlohmann::json schema) : root_(std::move(schema)) {}

    // complaints returns what is wrong with `value`, a line each, with the place in it.
    [[nodiscard]] std::vector<std::string> complaints(const nlohmann::json& value) const {
        std::vector<std::string> found;
        hold(root_, value, "", found);
        return found;
    }

private:
    using Json = nlohmann::json;
    using Complaints = std::vector<std::string>;

    struct Asked {
        const Json& schema;  // the one that the keyword is in
        const Json& operand;
        const Json& value;
        const std::string& at;
    };
    using Keyword = void (JsonSchema::*)(const Asked&, Complaints&) const;

    void hold(const Json& schema, const Json& value, const std::string& at,
              Complaints& found) const {
        static const std::map<std::string, Keyword> keywords{
            {"$ref", &JsonSchema::ref},
            {"type", &JsonSchema::type},
            {"enum", &JsonSchema::one_of_values},
            {"properties", &JsonSchema::properties},
            {"additionalProperties", &JsonSchema::additional_properties},
            {"required", &JsonSchema::required},
            {"items", &JsonSchema::items},
            {"minItems", &JsonSchema::min_items},
            {"uniqueItems", &JsonSchema::unique_items},
            {"minimum", &JsonSchema::minimum},
            {"maximum", &JsonSchema::maximum},
            {"pattern", &JsonSchema::pattern},
            {"anyOf", &JsonSchema::any_of},
            {"oneOf", &JsonSchema::one_of}};
        static const std::set<std::string> remarks{
            "$schema", "$id", "id", "title", "default", "format", "definitions", "description"};
        for (const auto& [name, operand] : schema.items()) {
            const auto keyword = keywords.find(name);
            if (keyword != keywords.end()) {
                (this->*keyword->second)({schema, operand, value, at}, found);
            } else if (!remarks.contains(name)) {
                found.push_back(at + ": the schema has the keyword " + name);
            }
        }
    }

    void ref(const Asked& it, Complaints& found) const {
        const std::string name = it.operand.get<std::string>().substr(1);
        hold(root_.at(Json::json_pointer{name}), it.value, it.at, found);
    }

    static bool is_a(const std::string& type, const Json& value) {
        static const std::map<std::string, std::function<bool(const Json&)>> types{
            {"object", [](const Json& v) { return v.is_object(); }},
            {"array", [](const Json& v) { return v.is_array(); }},
            {"string", [](const Json& v) { return v.is_string(); }},
            {"boolean", [](const Json& v) { return v.is_boolean(); }},
            {"integer", [](const Json& v) { return v.is_number_integer(); }},
            {"number", [](const Json& v) { return v.is_number(); }},
            {"null", [](const Json& v) { return v.is_null(); }}};
        return types.at(type)(value);
    }

    void type(const Asked& it, Complaints& found) const {
        bool right = false;
        for (const Json& name : it.operand.is_array() ? it.operand : Json::array({it.operand})) {
            right = right || is_a(name.get<std::string>(), it.value);
        }
        if (!right) {
            found.push_back(it.at + ": is no " + it.operand.dump());
        }
    }

    void one_of_values(const Asked& it, Complaints& found) const {
        if (std::find(it.operand.begin(), it.operand.end(), it.value) == it.operand.end()) {
            found.push_back(it.at + ": is none of " + it.operand.dump());
        }
    }

    void properties(const Asked& it, Complaints& found) const {
        if (!it.value.is_object()) {
            return;
        }
        for (const auto& [name, schema] : it.operand.items()) {
            if (it.value.contains(name)) {
                hold(schema, it.value.at(name), it.at + "/" + name, found);
            }
        }
    }

    void additional_properties(const Asked& it, Complaints& found) const {
        if (!it.value.is_object()) {
            return;
        }
        for (const auto& [name, member] : it.value.items()) {
            if (it.schema.contains("properties") && it.schema.at("properties").contains(name)) {
                continue;
            }
            if (it.operand == false) {
                found.push_back(it.at + "/" + name + ": is not foreseen");
            } else if (it.operand.is_object()) {
                hold(it.operand, member, it.at + "/" + name, found);
            }
        }
    }

    void required(const Asked& it, Complaints& found) const {
        for (const Json& name : it.operand) {
            if (it.value.is_object() && !it.value.contains(name.get<std::string>())) {
                found.push_back(it.at + ": lacks " + name.get<std::string>());
            }
        }
    }

    void items(const Asked& it, Complaints& found) const {
        for (std::size_t i = 0; it.value.is_array() && i < it.value.size(); ++i) {
            hold(it.operand, it.value[i], it.at + "/" + std::to_string(i), found);
        }
    }

    void min_items(const Asked& it, Complaints& found) const {
        if (it.value.is_array() && it.value.size() < it.operand.get<std::size_t>()) {
            found.push_back(it.at + ": has too few items");
        }
    }

    void unique_items(const Asked& it, Complaints& found) const {
        if (it.operand == false || !it.value.is_array()) {
            return;
        }
        std::set<Json> seen;
        for (const Json& item : it.value) {
            if (!seen.insert(item).second) {
                found.push_back(it.at + ": holds an item twice");
            }
        }
    }

    void minimum(const Asked& it, Complaints& found) const {
        if (it.value.is_number() && it.value < it.operand) {
            found.push_back(it.at + ": is below " + it.operand.dump());
        }
    }

    void maximum(const Asked& it, Complaints& found) const {
        if (it.value.is_number() && it.value > it.operand) {
            found.push_back(it.at + ": is above " + it.operand.dump());
        }
    }

    void pattern(const Asked& it, Complaints& found) const {
        if (it.value.is_string() && !std::regex_search(it.value.get<std::string>(),
                                                       std::regex{it.operand.get<std::string>()})) {
            found.push_back(it.at + ": does not match " + it.operand.dump());
        }
    }

    // How many of the schemas in the operand the value keeps to.
    [[nodiscard]] std::size_t kept(const Asked& it) const {
        std::size_t count = 0;
        for (const Json& schema : it.operand) {
            Complaints ours;
            hold(schema, it.value, it.at, ours);
            count += ours.empty() ? 1 : 0;
        }
        return count;
    }

    void any_of(const Asked& it, Complaints& found) const {
        if (kept(it) == 0) {
            found.push_back(it.at + ": keeps to none of several");
        }
    }

    void one_of(const Asked& it, Complaints& found) const {
        if (kept(it) != 1) {
            found.push_back(it.at + ": does not keep to one of several");
        }
    }

    nlohmann::json root_;
};

}  // namespace shimfuzz::tests
