#include "broker/routing/wildcard_trie.h"

#include <algorithm>
#include <cstring>

#include "broker/routing/host_name.h"

namespace ingress::broker {

// A node stands for the labels from the right up to `label`, which is literal, `*`, or has a `*` in it. An entry whose
// first label is `*` or `**` lies in the node of what follows, so that `*.example.com` needs no node of its own.
struct WildcardTrie::Node {
  // How many children have a wildcard label with so many literal bytes before and after the `*`.
  struct Lengths {
    uint8_t prefix;
    uint8_t suffix;
    uint32_t children;

    size_t literal() const { return size_t{prefix} + suffix; }
  };

  Node* parent = nullptr;
  std::string label;
  HostEntry* own = nullptr;                       // the pattern ends here
  HostEntry* one = nullptr;                       // `*.` before it
  HostEntry* many = nullptr;                      // `**.` before it
  std::unique_ptr<std::vector<Lengths>> lengths;  // most literal bytes first
  uint32_t children = 0;

  bool empty() const { return children == 0 && own == nullptr && one == nullptr && many == nullptr; }

  void count(std::string_view wildcard_label) {
    if (!lengths) lengths = std::make_unique<std::vector<Lengths>>();
    const Lengths added = lengths_of(wildcard_label);
    const auto at = std::lower_bound(lengths->begin(), lengths->end(), added, before);
    if (at != lengths->end() && !before(added, *at)) {
      ++at->children;
    } else {
      lengths->insert(at, added);
    }
  }

  void uncount(std::string_view wildcard_label) {
    const auto at = std::lower_bound(lengths->begin(), lengths->end(), lengths_of(wildcard_label), before);
    if (--at->children != 0) return;
    lengths->erase(at);
    if (lengths->empty()) lengths.reset();
  }

  static Lengths lengths_of(std::string_view wildcard_label) {
    const size_t star = wildcard_label.find('*');
    return {static_cast<uint8_t>(star), static_cast<uint8_t>(wildcard_label.size() - star - 1), 1};
  }
  static bool before(const Lengths& a, const Lengths& b) {
    return a.literal() != b.literal() ? a.literal() > b.literal() : a.prefix > b.prefix;
  }
};

struct WildcardTrie::Edge {
  const Node* parent;
  std::string_view label;

  uint64_t hash() const {
    return hash_name(label) ^ (reinterpret_cast<uintptr_t>(parent) >> 4) * uint64_t{0x9e3779b97f4a7c15};
  }
};

struct WildcardTrie::EdgeMatch {
  bool operator()(const Node& node, const Edge& edge) const {
    return node.parent == edge.parent && node.label == edge.label;
  }
};

WildcardTrie::WildcardTrie() : root_(std::make_unique<Node>()) {}

WildcardTrie::~WildcardTrie() {
  edges_.for_each([](Node* node) { delete node; });
}

WildcardTrie::Node* WildcardTrie::child(const Node& node, std::string_view label) const {
  const Edge edge{&node, label};
  return edges_.find(edge.hash(), edge);
}

WildcardTrie::Node& WildcardTrie::child_or_new(Node& node, std::string_view label) {
  if (Node* found = child(node, label)) return *found;
  auto* made = new Node;  // owned by edges_, see the destructor and prune
  made->parent = &node;
  made->label = label;
  edges_.insert(Edge{&node, made->label}.hash(), *made);
  ++node.children;
  if (label.find('*') != std::string_view::npos) node.count(label);
  return *made;
}

WildcardTrie::Node* WildcardTrie::walk(std::string_view pattern, bool make) {
  const std::string_view first = first_label(pattern);
  std::string_view rest = first == "*" || first == "**" ? after_first_label(pattern) : pattern;
  Node* node = root_.get();
  for (; !rest.empty() && node != nullptr; rest = before_last_label(rest)) {
    node = make ? &child_or_new(*node, last_label(rest)) : child(*node, last_label(rest));
  }
  return node;
}

HostEntry*& WildcardTrie::place(Node& node, std::string_view pattern) {
  const std::string_view first = first_label(pattern);
  return first == "*" ? node.one : first == "**" ? node.many : node.own;
}

void WildcardTrie::insert(HostEntry& first) { place(*walk(first.host(), true), first.host()) = &first; }

void WildcardTrie::erase(const HostEntry& entry) {
  Node* node = walk(entry.host(), false);
  if (node == nullptr) return;
  place(*node, entry.host()) = nullptr;
  prune(node);
}

void WildcardTrie::prune(Node* node) {
  while (node != root_.get() && node->empty()) {
    Node* parent = node->parent;
    if (node->label.find('*') != std::string::npos) parent->uncount(node->label);
    edges_.erase(Edge{parent, node->label}.hash(), *node);
    delete node;
    --parent->children;
    node = parent;
  }
}

// One match. Every node is reached by one way alone, and what cannot win any more is not visited.
class WildcardTrie::Search {
 public:
  Search(const WildcardTrie& trie, const RequestPath& path, int64_t now) : trie_(trie), path_(path), now_(now) {}

  // `rest` are the host's labels that are not matched yet, `left` their number.
  void visit(const Node& node, std::string_view rest, int left, int labels, int bytes) {
    if (best_ != nullptr && labels + left < best_labels_) return;
    if (rest.empty()) {
      offer(node.own, labels, bytes, false);
      return;
    }
    offer(node.many, labels, bytes, true);
    const std::string_view label = last_label(rest);
    const std::string_view before = before_last_label(rest);
    if (before.empty()) offer(node.one, labels, bytes, false);
    if (node.children == 0) return;
    if (const Node* next = trie_.child(node, label)) {
      visit(*next, before, left - 1, labels + 1, bytes + static_cast<int>(label.size()));
    }
    if (node.lengths) visit_wildcards(node, rest, left, labels, bytes);
  }

  void visit_root(std::string_view host) {
    const auto labels = static_cast<int>(std::count(host.begin(), host.end(), '.')) + 1;
    visit(*trie_.root_, host, labels, 0, 0);
  }

  const HostEntry* best() const { return best_; }

 private:
  // A label of the host as a pattern's label: the literal bytes kept, the rest a `*`.
  struct Masked {
    Masked(std::string_view label, const Node::Lengths& lengths) : size(lengths.literal() + 1) {
      std::memcpy(bytes, label.data(), lengths.prefix);
      bytes[lengths.prefix] = '*';
      std::memcpy(bytes + lengths.prefix + 1, label.data() + label.size() - lengths.suffix, lengths.suffix);
    }
    std::string_view text() const { return {bytes, size}; }

    char bytes[kMaxLabelBytes + 1];
    size_t size;
  };

  void visit_wildcards(const Node& node, std::string_view rest, int left, int labels, int bytes) {
    const std::string_view label = last_label(rest);
    const std::string_view before = before_last_label(rest);
    // Most look-ups find nothing and would wait for memory one by one: fetch for them all first.
    uint64_t hashes[kFetchedAtOnce];
    const std::vector<Node::Lengths>& all = *node.lengths;
    for (size_t i = 0; i < all.size(); ++i) {
      if (i % kFetchedAtOnce == 0) fetch(node, label, i, hashes);
      const auto literal = static_cast<int>(all[i].literal());
      if (label.size() <= all[i].literal()) continue;
      const bool loses = best_ != nullptr && labels == best_labels_ && bytes + literal < best_bytes_;
      if (before.empty() && loses) return;  // and so would all that follow
      const Masked masked(label, all[i]);
      const Node* next = trie_.edges_.find(hashes[i % kFetchedAtOnce], Edge{&node, masked.text()});
      if (next != nullptr) visit(*next, before, left - 1, labels, bytes + literal);
    }
  }

  void fetch(const Node& node, std::string_view label, size_t from, uint64_t* hashes) const {
    const std::vector<Node::Lengths>& all = *node.lengths;
    for (size_t i = from; i < std::min(all.size(), from + kFetchedAtOnce); ++i) {
      if (label.size() <= all[i].literal()) continue;
      hashes[i - from] = Edge{&node, Masked(label, all[i]).text()}.hash();
      trie_.edges_.prefetch(hashes[i - from]);
    }
  }

  void offer(const HostEntry* first, int labels, int bytes, bool many) {
    const HostEntry* const entry = pick_by_path(first, path_, now_);
    if (entry == nullptr || (best_ != nullptr && !wins(*entry, labels, bytes, many))) return;
    best_ = entry;
    best_labels_ = labels;
    best_bytes_ = bytes;
    best_many_ = many;
  }

  bool wins(const HostEntry& entry, int labels, int bytes, bool many) const {
    if (labels != best_labels_) return labels > best_labels_;
    if (bytes != best_bytes_) return bytes > best_bytes_;
    if (many != best_many_) return best_many_;
    return entry.host() < best_->host();
  }

  static constexpr size_t kFetchedAtOnce = 16;

  const WildcardTrie& trie_;
  const RequestPath& path_;
  const int64_t now_;
  const HostEntry* best_ = nullptr;
  int best_labels_ = 0;
  int best_bytes_ = 0;
  bool best_many_ = false;
};

const HostEntry* WildcardTrie::match(std::string_view host, const RequestPath& path, int64_t now) const {
  return match(host, {}, path, now).entry;
}

WildcardTrie::Spelled WildcardTrie::match(std::string_view host, std::string_view other, const RequestPath& path,
                                          int64_t now) const {
  if (root_->children == 0) return {};
  Search search(*this, path, now);
  search.visit_root(host);
  const HostEntry* const first = search.best();
  if (!other.empty()) search.visit_root(other);
  return {search.best(), search.best() == first ? host : other};
}

}  // namespace ingress::broker
