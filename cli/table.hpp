// SPDX-License-Identifier: Apache-2.0
//
// Columns of text, each as wide as its widest cell: every table of this program.
#pragma once

#include <string>
#include <vector>

namespace shimfuzz::cli {

enum class Align { left, right };

struct Column {
    std::string title;
    Align align = Align::left;
};

class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}

    // add appends a row; cells that are missing at its end are empty. `below` is printed after it
    // as it is.
    void add(std::vector<std::string> cells, std::string below = "") {
        rows_.push_back({.cells = std::move(cells), .below = std::move(below)});
    }

    // print returns the table with its titles, each line ended and none with spaces at its end.
    [[nodiscard]] std::string print() const;

private:
    [[nodiscard]] std::size_t width_of(std::size_t column) const;

    struct Row {
        std::vector<std::string> cells;
        std::string below;
    };
    std::vector<Column> columns_;
    std::vector<Row> rows_;
};

}  // namespace shimfuzz::cli
