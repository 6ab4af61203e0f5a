// Functions of classes and templates, some of which are inlined.
#include <unistd.h>

namespace shop {
volatile int after;

template <typename T> struct Basket {
	T kept;

	inline __attribute__((always_inline)) void wait()
	{
		char byte;
		after = after + ::read(0, &byte, 1);
		after = after + 1;
	}

	inline __attribute__((always_inline)) void fill(T more)
	{
		kept += more;
		wait();
		after = after + kept;
	}

	__attribute__((noinline)) virtual void pay(T price)
	{
		fill(price * 2);
		after = after + 1;
	}
};

namespace {
__attribute__((noinline)) void visit(Basket<long> &basket)
{
	auto twice = [&](int by) __attribute__((noinline)) {
		basket.pay(by);
		after = after + 1;
	};
	twice(2);
	after = after + 1;
}
}
} // namespace shop

int main()
{
	shop::Basket<long> basket;
	basket.kept = 0;
	shop::visit(basket);
	return shop::after;
}
