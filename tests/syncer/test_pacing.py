from syncer.pacing import AdaptiveInterval, BackOff


def test_a_failing_record_is_tried_again_a_little_later_each_time() -> None:
    trouble = BackOff()
    assert [trouble.failed(100.0) for _ in range(8)] == [1, 2, 4, 8, 16, 30, 30, 30]
    assert trouble.not_before == 130.0


def test_a_success_ends_the_trouble() -> None:
    trouble = BackOff()
    trouble.failed(100.0)
    trouble.succeeded()
    assert trouble.not_before == 0.0
    assert trouble.failed(200.0) == 1.0


def test_full_passes_come_at_the_normal_interval() -> None:
    interval = AdaptiveInterval(300.0, now=0.0)
    interval.changed(10, now=100.0)
    assert interval.seconds(now=101.0) == 300.0


def test_more_than_ten_changes_a_minute_make_them_come_often() -> None:
    interval = AdaptiveInterval(300.0, now=0.0)
    interval.changed(5, now=100.0)
    interval.changed(6, now=150.0)
    assert interval.seconds(now=159.0) == 15.0
    assert interval.seconds(now=161.0) == 300.0


def test_an_hour_without_change_makes_them_rare() -> None:
    interval = AdaptiveInterval(300.0, now=0.0)
    assert interval.seconds(now=3601.0) == 1800.0
    interval.changed(1, now=3700.0)
    assert interval.seconds(now=3701.0) == 300.0


def test_a_shorter_setting_is_never_made_longer_by_being_busy() -> None:
    interval = AdaptiveInterval(5.0, now=0.0)
    interval.changed(50, now=1.0)
    assert interval.seconds(now=2.0) == 5.0
