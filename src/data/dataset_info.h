// LLaMA-Factory's dataset_info.json: a file beside the data that says which columns mean what. Its
// entries are read as mappings, so that data kept for that tool needs no --map.
//
//   {"tickets": {"file_name": "tickets.json", "formatting": "alpaca"|"sharegpt", "ranking": false,
//     "columns": {"prompt","query","response","history","messages","system","tools","chosen",
//                 "rejected","kto_tag": "the column's name in the file"},
//     "tags": {"role_tag","content_tag","user_tag","assistant_tag","observation_tag",
//              "function_tag","system_tag": "the name in the turns"}}}
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "data/mapping.h"
#include "io/file.h"
#include "io/json.h"

namespace attune::data {

struct DatasetInfo {
  std::string name;
  std::string file;  // the dataset_info.json
  Mapping mapping;
};

// The entry that describes `data`, from dataset_info.json in its folder: the one called `name`, or,
// when that is empty, the one whose file_name is that of `data`. Nothing when there is no such file
// or entry. Refused: a named entry that is not there, several entries for one file and no name, a
// file that is no valid dataset_info.json, images and other media.
Result<std::optional<DatasetInfo>> find_dataset_info(const Path& data, const std::string& name);

// The mapping of one entry. `where` names it in errors.
Result<Mapping> mapping_of_dataset_info(const Json& entry, const std::string& where);

}  // namespace attune::data
