// Methods of a trait and a closure.
use std::io::Read;

trait Shop {
    fn pay(&self, price: u8) -> u8;
}

struct Corner;

impl Shop for Corner {
    #[inline(never)]
    fn pay(&self, price: u8) -> u8 {
        let mut bytes = [0u8; 1];
        let count = std::io::stdin().read(&mut bytes).unwrap_or(0);
        bytes[0] + price + count as u8
    }
}

#[inline(never)]
fn visit(shop: &dyn Shop) -> u8 {
    let twice = |price| shop.pay(price) + 1;
    twice(2) + 1
}

fn main() {
    std::process::exit(visit(&Corner) as i32);
}
