// How numbers are written for people, the same in the terminal, the reasons and the report.
#pragma once

#include <string>

#include "stats/statistics.h"

namespace attune::eval {

std::string percent(double share);                               // 0.967 -> "96.7 %"
std::string percent_interval(const stats::Estimate& rate);       // "96.7 % [94.0, 98.2]"
std::string points(double difference);                           // 0.182 -> "+18.2"
std::string points_interval(const stats::Estimate& difference);  // "+18.2 points [+12.0, +24.1]"
std::string p_value(double p);                                   // "p = 0.012", "p < 0.001"
std::string milliseconds(double ms);                             // "38 ms", "1.24 s"

}  // namespace attune::eval
