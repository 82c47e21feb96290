// A list through its elements, first in, first out: nothing is allocated, and
// any element is taken out in one step.
//
//   struct Guest : LinkedList<Guest>::Node { ... };
//   LinkedList<Guest> guests;
//   guests.PushBack(guest);
//   guests.Remove(guest);
//
// An element is in one list at most, and leaves it before it ends.
//
// Threads: none; whoever has the list has a lock for it.
#ifndef PLUMB_TRANSPORT_LINKED_LIST_H_
#define PLUMB_TRANSPORT_LINKED_LIST_H_

namespace plumb {

template <typename T>
class LinkedList {
 public:
  // What T derives from. A copy is in no list.
  class Node {
   public:
    Node() = default;
    Node(const Node&) {}
    Node& operator=(const Node&) = delete;

   private:
    friend class LinkedList;

    T* previous_ = nullptr;
    T* next_ = nullptr;
  };

  LinkedList() = default;
  LinkedList(const LinkedList&) = delete;
  LinkedList& operator=(const LinkedList&) = delete;

  bool empty() const { return first_ == nullptr; }
  // Null when there is none.
  T* front() const { return first_; }
  // The one behind `element`, null for the last.
  static T* Next(const T& element) {
    return static_cast<const Node&>(element).next_;
  }

  void PushBack(T& element) {
    Node& node = element;
    node.previous_ = last_;
    node.next_ = nullptr;
    NextOf(last_) = &element;
    last_ = &element;
  }

  void Remove(T& element) {
    const Node& node = element;
    NextOf(node.previous_) = node.next_;
    PreviousOf(node.next_) = node.previous_;
  }

  // Null when there is none.
  T* PopFront() {
    T* const element = first_;
    if (element != nullptr) Remove(*element);
    return element;
  }

 private:
  T*& NextOf(T* element) {
    return element == nullptr ? first_ : static_cast<Node*>(element)->next_;
  }
  T*& PreviousOf(T* element) {
    return element == nullptr ? last_ : static_cast<Node*>(element)->previous_;
  }

  T* first_ = nullptr;
  T* last_ = nullptr;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_LINKED_LIST_H_
