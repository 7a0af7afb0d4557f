// The wildcard hosts of patterns as a trie by labels from the right, its edges in one hash table: a match touches the
// nodes along the host's own labels, however many patterns there are. Owns its nodes, not the entries. Thread: the
// loop's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/routing/index_nodes.h"
#include "broker/routing/name_table.h"

namespace ingress::broker {

class WildcardTrie {
 public:
  WildcardTrie();
  ~WildcardTrie();
  WildcardTrie(const WildcardTrie&) = delete;
  WildcardTrie& operator=(const WildcardTrie&) = delete;

  // `first`, of a host that has a wildcard, is from now on the first entry of that host.
  void insert(HostEntry& first);
  // The last entry of its host goes.
  void erase(const HostEntry& entry);

  // The longest match of a normalised host: most literal labels, then most literal characters; `*` before `**`, then
  // the host that sorts first. Of its entries the one that serves the path; a host none of whose entries does so is
  // passed over. null where none matches.
  const HostEntry* match(std::string_view host, const RequestPath& path, int64_t now) const;
  // The same of two spellings of one host, "" for no other: the longest match of either, of equal ones the first's.
  struct Spelled {
    const HostEntry* entry = nullptr;
    std::string_view host;  // the spelling that it matches
  };
  Spelled match(std::string_view host, std::string_view other, const RequestPath& path, int64_t now) const;

 private:
  struct Node;
  struct Edge;
  struct EdgeMatch;
  class Search;

  Node* child(const Node& node, std::string_view label) const;
  Node& child_or_new(Node& node, std::string_view label);
  // The node that holds the pattern's entry, and the place in it.
  Node* walk(std::string_view pattern, bool make);
  static HostEntry*& place(Node& node, std::string_view pattern);
  void prune(Node* node);

  std::unique_ptr<Node> root_;
  NameTable<Node, EdgeMatch> edges_;
};

}  // namespace ingress::broker
