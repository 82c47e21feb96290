// Which of the bugs of seeded_bugs.txt the copy of the fake has now.
//
//   SetSeededBug(7);
//   ... RunScript(*MakeFakeNet(ways), script, nullptr) ...
//   SetSeededBug(0);      none
//
// Threads: any; the fake's take it as it is when they ask.
#ifndef PLUMB_TESTING_DIFFERENTIAL_SEEDED_BUG_H_
#define PLUMB_TESTING_DIFFERENTIAL_SEEDED_BUG_H_

namespace plumb {

void SetSeededBug(int number);
bool SeededBug(int number);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_SEEDED_BUG_H_
